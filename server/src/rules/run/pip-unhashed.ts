import type { Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { joinPath } from '../../core/source-file.ts';
import { isBuildScript } from '../../formats/install-scan.ts';
import { pipCommandOf, writtenName } from '../../formats/pip-command.ts';
import { asRequirements } from '../../formats/requirements.ts';
import { commandSpan, commandText, runCommandsOf } from '../../formats/run-commands.ts';
import { foldersAt } from '../../formats/shell-folder.ts';
import { wordEdits } from '../../formats/word-edits.ts';

/** A list of Python packages without hashes: whoever can publish or answer for one of them decides what is installed. */
export const rule: Rule = {
  meta: {
    id: 'run/pip-unhashed',
    title: 'Python requirements that are installed without hashes',
    severity: 'info',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['dockerfile', 'workflow', 'action', 'package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: [
      'https://pip.pypa.io/en/stable/topics/secure-installs/#hash-checking-mode',
      'https://pip.pypa.io/en/stable/topics/repeatable-installs/',
    ],
    messages: {
      found: {
        what: '`{command}` installs what stands in {files}, whatever is behind the names.',
        why: 'Without hashes an index, a mirror or a new release can hand out other files than those that were tested.',
        remedy: 'Write the hashes (`pip-compile --generate-hashes`, `uv pip compile --generate-hashes`) and add `--require-hashes`.',
      },
    },
  },
  check({ manifest, surroundings, report }) {
    for (const { invocation, script, folders } of runCommandsOf(manifest)) {
      const pip = pipCommandOf(invocation);
      if (pip === undefined || !isBuildScript(script) || !/^(?:install|download|wheel|sync)$/.test(pip.subcommand.value)) continue;
      const lists = pip.options.flatMap(({ name, value }) => (/^(?:-r|requirements?)$/.test(name) ? [value ?? ''] : []));
      const files = pip.subcommand.value === 'sync' ? pip.operands.map(({ value }) => value) : lists;
      if (files.length === 0 || pip.options.some((option) => /^(?:require-hashes|no-index|dry-run)$/.test(writtenName(option)))) continue;
      if (invocation.assignments.some(({ value }) => /^(?:PIP|UV)_REQUIRE_HASHES=(?!0$|false$)./.test(value))) continue;
      // pip asks for all hashes as soon as one requirement has one.
      const isHashed = (name: string) =>
        foldersAt(folders, name, { script, path: manifest.file.path }).some((path) => {
          const list = surroundings.manifest(joinPath('', path) ?? '');
          return list !== undefined && asRequirements(list)?.isHashed === true;
        });
      if (files.some(isHashed)) continue;
      const edits = wordEdits(
        [{ word: pip.subcommand, text: ' --require-hashes', behind: true }],
        invocation.command.source,
        manifest.file.text,
      );
      const fix: Fix[] =
        edits === undefined
          ? []
          : [{ title: 'Add `--require-hashes` (check that every requirement has a hash)', safety: 'review', online: false, edits }];
      const shown = files.map((file) => `\`${file}\``).join(', ');
      report({ messageId: 'found', args: { command: commandText(invocation), files: shown }, span: commandSpan(invocation), fixes: fix });
    }
  },
};
