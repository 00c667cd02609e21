import type { Rule, Surroundings } from '../../core/rule.ts';
import { joinPath } from '../../core/source-file.ts';
import { asDockerfile } from '../../formats/dockerfile.ts';
import { type CopiedSource, copiedSourcesOf } from '../../formats/dockerfile-copy.ts';
import { contextsOf, ignoreFileOf, readPatterns } from '../../formats/dockerignore.ts';
import { asNpmrc } from '../../formats/npmrc.ts';

/** A whole folder that is copied into an image together with the secrets in it. */
export const rule: Rule = {
  meta: {
    id: 'docker/context-leaks',
    title: 'A COPY of the whole context that takes secrets along',
    severity: 'info',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['dockerfile'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: ['https://docs.docker.com/build/concepts/context/#dockerignore-files', 'https://arxiv.org/abs/2307.03958'],
    messages: {
      found: {
        what: '{keyword} takes {files} into the image.',
        why: 'What is in a layer can be read by everybody who can pull the image, also when a later layer removes it.',
        remedy: 'Add the names to `{ignore}`.',
      },
    },
  },
  check({ manifest, surroundings, report }) {
    const dockerfile = asDockerfile(manifest);
    const { path } = manifest.file;
    const wholes = dockerfile === undefined ? [] : copiedSourcesOf(dockerfile).filter(isWholeContext);
    if (wholes.length === 0) return;
    const context = contextOf(path, surroundings);
    const ignored = ignoreFileOf(surroundings, path, context);
    const files = SECRETS.filter((name) => !ignored.ignores(name) && holdsSecret(surroundings, joinPath(context, name) ?? ''));
    for (const { span, keyword, excluded } of wholes) {
      const excludes = readPatterns(excluded.join('\n'));
      const left = files.filter((name) => !excludes.ignores(name));
      if (left.length === 0) continue;
      const own = `${path}.dockerignore`;
      const ignore = surroundings.exists(own) ? own : (joinPath(context, '.dockerignore') ?? '');
      report({ messageId: 'found', args: { keyword, files: left.map((name) => `\`${name}\``).join(', '), ignore }, span });
    }
  },
};

/** Files that hold secrets by their nature, relative to the context. */
const SECRETS = [
  '.env',
  '.env.local',
  '.npmrc',
  '.netrc',
  '.pypirc',
  '.git-credentials',
  '.aws/credentials',
  '.docker/config.json',
  '.kube/config',
  '.ssh/id_rsa',
  '.ssh/id_ed25519',
  'id_rsa',
  'id_ed25519',
] as const;

function isWholeContext({ text, isLast }: CopiedSource): boolean {
  return !isLast && /^(?:\.?\/?|\.\/|\*|\.\/\*)$/.test(text) && text !== '';
}

/** The Dockerfile's own folder, unless the root has what only a context has. */
function contextOf(path: string, surroundings: Surroundings): string {
  const contexts = contextsOf(path);
  return contexts.find((folder) => surroundings.exists(joinPath(folder, '.dockerignore') ?? '')) ?? contexts[0] ?? '';
}

/** An .npmrc without anything secret in it may be in an image. */
function holdsSecret(surroundings: Surroundings, path: string): boolean {
  if (!surroundings.exists(path)) return false;
  const manifest = path.endsWith('.npmrc') ? surroundings.manifest(path) : undefined;
  const npmrc = manifest && asNpmrc(manifest);
  return npmrc === undefined || npmrc.entries.some(({ credential }) => credential !== undefined);
}
