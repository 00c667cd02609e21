import { pathMatcher } from '../../core/glob.ts';
import type { Rule, Surroundings } from '../../core/rule.ts';
import { folderOf } from '../../core/source-file.ts';
import { asDependabot } from '../../formats/dependabot.ts';
import { memberOf } from '../../formats/json.ts';
import { asPackageJson } from '../../formats/package-json.ts';

/** A digest that nobody updates: the image keeps its known holes for as long as nobody thinks of it. */
export const rule: Rule = {
  meta: {
    id: 'docker/pins-unmaintained',
    title: 'Pinned digests that no updater looks after',
    severity: 'hint',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['dockerfile'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '2.0',
    refs: [
      'https://docs.github.com/en/code-security/dependabot/ecosystems-supported-by-dependabot/supported-ecosystems-and-repositories#docker',
      'https://docs.renovatebot.com/docker/#digest-pinning',
    ],
    messages: {
      found: {
        what: 'Nothing updates the digest of `{image}`.',
        why: 'A digest stays what it is, so without an updater the fixes of its tag never arrive here.',
        remedy: 'Add an entry with `package-ecosystem: docker` and `directory: {folder}` to .github/dependabot.yml, or set up Renovate.',
      },
    },
  },
  check({ manifest, surroundings, report }) {
    const pinned = manifest.refs.find((reference) => reference.ecosystem === 'oci' && reference.verdict === 'pinned');
    const folder = folderOf(manifest.file.path);
    if (pinned === undefined || hasRenovate(surroundings) || hasDependabot(surroundings, folder)) return;
    report({ messageId: 'found', args: { image: pinned.requested.replace(/@.*$/s, ''), folder: `/${folder}` }, span: pinned.span });
  },
};

/** Where Renovate looks for its settings (Renovate documentation, "Configuration Options"). */
const RENOVATE = ['renovate', '.github/renovate', '.gitlab/renovate', '.renovaterc'].flatMap((name) =>
  ['', '.json', '.json5', '.jsonc'].map((end) => name + end),
);

function hasRenovate(surroundings: Surroundings): boolean {
  const files = RENOVATE.filter((name) => name.includes('.json') || name === '.renovaterc');
  if (files.some((name) => surroundings.exists(name))) return true;
  const manifest = surroundings.manifest('package.json');
  return memberOf(manifest && asPackageJson(manifest)?.root, 'renovate') !== undefined;
}

function hasDependabot(surroundings: Surroundings, folder: string): boolean {
  return ['.github/dependabot.yml', '.github/dependabot.yaml'].some((path) => {
    const manifest = surroundings.manifest(path);
    return (manifest && asDependabot(manifest)?.updates)?.some(({ ecosystem, directories }) => {
      if (ecosystem?.text !== 'docker') return false;
      // Without a directory in sight, an alias or a half-typed entry, it counts.
      const places = directories.map(({ text }) => text.trim().replace(/^\/|\/$/g, ''));
      return places.length === 0 || places.some((place) => place === folder || (place.includes('*') && pathMatcher([place])(folder)));
    });
  });
}
