import type { Fix } from '../../core/finding.ts';
import type { Rule, Surroundings } from '../../core/rule.ts';
import { joinPath } from '../../core/source-file.ts';
import { lineEndOf } from '../../core/text.ts';
import { asDependabot, type Dependabot } from '../../formats/dependabot.ts';
import { entryOf } from '../../formats/yaml-document.ts';

/** Where images are most often named. Folders are not listed, so that others are not seen. */
const DOCKER_FILES = [
  'Dockerfile',
  'Containerfile',
  'docker/Dockerfile',
  '.docker/Dockerfile',
  'build/Dockerfile',
  'deploy/Dockerfile',
  'src/Dockerfile',
] as const;

/** Where Renovate is told what to do: what Dependabot leaves out, it looks after. */
const RENOVATE_FILES = [
  'renovate.json',
  'renovate.json5',
  '.github/renovate.json',
  '.github/renovate.json5',
  '.renovaterc',
  '.renovaterc.json',
] as const;

/** Pins that nobody renews grow old, and with them the vulnerabilities in what they name. */
export const rule: Rule = {
  meta: {
    id: 'dependabot/ecosystem-missing',
    title: 'Workflows or images without updates',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dependabot'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '3.0',
    refs: [
      'https://docs.github.com/en/code-security/dependabot/ecosystems-supported-by-dependabot/supported-ecosystems-and-repositories',
      'https://docs.github.com/en/code-security/how-tos/secure-your-supply-chain/secure-your-dependencies/keeping-your-actions-up-to-date-with-dependabot',
    ],
    messages: {
      missing: {
        what: 'Dependabot does not look after {what}.',
        why: 'What is pinned stays as it is until somebody thinks of it, and its known vulnerabilities with it.',
        remedy: 'Add an entry for `{ecosystem}`.',
      },
    },
  },
  check({ manifest, surroundings, report }) {
    const model = asDependabot(manifest);
    const updates = entryOf(model?.root, 'updates');
    // Behind a syntax error an entry may be there and yet not in the tree.
    if (model === undefined || updates === undefined || manifest.problems.length > 0 || !/(?:^|\/)\.github\//.test(manifest.file.path))
      return;
    const root = manifest.file.path.replace(/\/?\.github\/[^/]*$/, '');
    if (RENOVATE_FILES.some((name) => surroundings.exists(joinPath(root, name) ?? ''))) return;
    const named = new Set(model.updates.map(({ ecosystem }) => ecosystem?.text));
    const missing: [ecosystem: string, what: string, directory: string][] = [];
    if (!named.has('github-actions') && hasWorkflows(surroundings, root))
      missing.push(['github-actions', 'the actions in `.github/workflows`', '/']);
    const dockerfile = named.has('docker') ? undefined : DOCKER_FILES.find((name) => surroundings.exists(joinPath(root, name) ?? ''));
    if (dockerfile !== undefined) missing.push(['docker', `the images of \`${dockerfile}\``, `/${dockerfile.replace(/\/?[^/]*$/, '')}`]);
    for (const [ecosystem, what, directory] of missing) {
      const fixes = append(model, ecosystem, directory, manifest.file.text);
      report({ messageId: 'missing', args: { ecosystem, what }, span: updates.keySpan, fixes, identity: ecosystem });
    }
  },
};

function hasWorkflows(surroundings: Surroundings, root: string): boolean {
  return surroundings.exists(joinPath(root, '.github/workflows') ?? '');
}

/** A new entry below the last one, in the layout of that one. */
function append({ updates }: Dependabot, ecosystem: string, directory: string, text: string): Fix[] {
  const last = updates.at(-1);
  if (last?.keyPlace === undefined) return [];
  const { keyPlace, indentUnit, node } = last;
  const start = text.lastIndexOf('\n', node.span.start) + 1;
  const dash = /^\ufeff?( *-[ ]+)/.exec(text.slice(start, node.span.start + 1))?.[1];
  if (dash === undefined || dash.length !== keyPlace.indent.length) return [];
  const eol = lineEndOf(text);
  const lines = [
    `${dash}package-ecosystem: ${ecosystem}`,
    `${keyPlace.indent}directory: ${directory}`,
    `${keyPlace.indent}schedule:`,
    `${keyPlace.indent}${indentUnit}interval: weekly`,
    `${keyPlace.indent}cooldown:`,
    `${keyPlace.indent}${indentUnit}default-days: 7`,
  ];
  const title = `Add an entry for \`${ecosystem}\`: check its directories and how often it should look`;
  return [
    {
      title,
      safety: 'review',
      online: false,
      edits: [{ span: { start: keyPlace.at, end: keyPlace.at }, text: lines.map((line) => eol + line).join('') }],
    },
  ];
}
