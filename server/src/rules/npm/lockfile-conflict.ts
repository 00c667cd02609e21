import type { Rule } from '../../core/rule.ts';
import { folderOf, joinPath } from '../../core/source-file.ts';
import { NO_SPAN } from '../../core/span.ts';
import type { PackageManager } from '../../formats/lock-model.ts';
import { LOCKFILES } from '../../formats/lockfile-place.ts';
import { namedManagers } from '../../formats/manager-in-use.ts';
import { asPackageJson } from '../../formats/package-json.ts';

/** Lockfiles that cannot both be right: what is installed depends on who installs, and one of them is nobody's concern any more. */
export const rule: Rule = {
  meta: {
    id: 'npm/lockfile-conflict',
    title: 'Lockfiles of several package managers, or of another than the project names',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '3.5',
    refs: ['https://nodejs.org/api/packages.html#packagemanager', 'https://docs.npmjs.com/cli/v11/configuring-npm/package-json#devengines'],
    messages: {
      several: {
        what: 'There are lockfiles of {managers} here: {files}.',
        why: 'Each manager keeps its own alone up to date, so that two people install different versions, and a repaired one stays behind in the other file.',
        remedy: 'Keep the lockfile of the manager that the project uses, and delete the others.',
      },
      other: {
        what: 'The project names {manager}, and `{file}` is the lockfile of {owner}.',
        why: '{manager} does not read it: what it pins is not what is installed.',
        remedy: 'Delete it, or name the manager that writes it.',
      },
    },
  },
  check({ manifest, surroundings, report }) {
    const model = asPackageJson(manifest);
    if (model === undefined) return;
    const folder = folderOf(manifest.file.path);
    const present = MANAGERS.flatMap((manager) => {
      const files = LOCKFILES[manager].filter((name) => surroundings.exists(joinPath(folder, name) ?? name));
      return files.length === 0 ? [] : [{ manager, files }];
    });
    if (present.length === 0) return;
    const named = namedManagers(model);
    const names = new Set(named.map(({ name }) => name));
    const brace = model.openingBrace ?? NO_SPAN;
    const files = (list: typeof present): string => list.flatMap(({ files }) => files.map((file) => `\`${file}\``)).join(', ');
    // Several managers in `devEngines` may each have their lockfile.
    const strange = names.size === 0 ? [] : present.filter(({ manager }) => !names.has(manager));
    const [first] = strange;
    if (first !== undefined) {
      const args = { manager: named[0]?.name ?? '', file: first.files[0] ?? '', owner: first.manager };
      report({ messageId: 'other', args, span: named[0]?.span ?? brace, identity: 'other' });
    } else if (names.size <= 1 && present.length > 1) {
      const managers = present.map(({ manager }) => manager).join(' and ');
      report({ messageId: 'several', args: { managers, files: files(present) }, span: named[0]?.span ?? brace, identity: 'several' });
    }
  },
};

const MANAGERS: readonly PackageManager[] = ['npm', 'yarn', 'pnpm', 'bun'];
