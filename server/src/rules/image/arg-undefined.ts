import type { Manifest } from '../../core/manifest.ts';
import type { ImageReference } from '../../core/reference.ts';
import type { Rule } from '../../core/rule.ts';
import { asDockerfile } from '../../formats/dockerfile.ts';
import { assignmentsOf } from '../../formats/dockerfile-variables.ts';

/** A FROM whose image only the caller of the build knows: what is built cannot be checked, here or in a review. */
export const rule: Rule = {
  meta: {
    id: 'image/arg-undefined',
    title: 'An image from an ARG without a default',
    severity: 'hint',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dockerfile'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '2.0',
    refs: [
      'https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact',
      'https://docs.docker.com/reference/build-checks/undefined-arg-in-from/',
    ],
    messages: {
      'no-default': {
        what: 'What `{image}` is cannot be told from this file: the ARG `{arg}` has no default.',
        why: 'Whoever starts the build names the image, so neither a review nor a check of this file sees what is built on.',
        remedy: 'Give `{arg}` a default with a digest; who passes another value goes on as before.',
      },
      undeclared: {
        what: '`{image}` uses `{arg}`, and no ARG above the first FROM declares it.',
        why: 'The variable is empty there, whatever is passed to the build, so the build fails or takes an image that nobody meant.',
        remedy: 'Declare `ARG {arg}` above the first FROM, with a default.',
      },
    },
  },
  check({ manifest, report }) {
    const unresolved = manifest.refs.flatMap((reference) => (isUnresolved(reference) ? [reference] : []));
    if (unresolved.length === 0) return;
    const globals = globalArgs(manifest);
    for (const { requested, variables, span } of unresolved) {
      const missing = variables.flatMap((name) => withoutValue(name, globals))[0];
      if (missing === undefined) continue;
      const messageId = globals.has(missing) ? 'no-default' : 'undeclared';
      report({ messageId, args: { image: requested, arg: missing }, span });
    }
  },
};

function isUnresolved(reference: Manifest['refs'][number]): reference is ImageReference {
  return reference.ecosystem === 'oci' && reference.verdict === 'unresolved' && reference.place === 'from';
}

/** The ARGs above the first FROM, with their defaults as written. Without a default, an earlier one stays. */
function globalArgs(manifest: Manifest): ReadonlyMap<string, string | undefined> {
  const globals = new Map<string, string | undefined>();
  const dockerfile = asDockerfile(manifest);
  for (const instruction of dockerfile?.instructions ?? []) {
    if (instruction.keyword === 'FROM' && !instruction.onbuild) break;
    if (instruction.keyword !== 'ARG' || instruction.onbuild) continue;
    for (const { name, written } of assignmentsOf(instruction, dockerfile?.escape ?? '\\')) {
      globals.set(name, written ?? globals.get(name));
    }
  }
  return globals;
}

/** BuildKit sets these itself (Dockerfile reference, "Automatic platform ARGs in the global scope"). */
const AUTOMATIC = /^(?:BUILD|TARGET)(?:PLATFORM|OS|ARCH|VARIANT)$/;

/** The variable without a value that a variable comes down to, itself or in its default; empty where there is none. */
function withoutValue(name: string, globals: ReadonlyMap<string, string | undefined>, seen = new Set<string>()): string[] {
  if (AUTOMATIC.test(name) || seen.has(name)) return [];
  seen.add(name);
  const written = globals.get(name);
  if (written === undefined) return [name];
  // `${X:-y}` has a value without X.
  const parts = [...written.matchAll(/\$(?:\{(\w+)([^}]?)|(\w+))/g)].filter(([, , modifier]) => modifier !== ':' && modifier !== '-');
  return parts.flatMap(([, braced, , plain]) => withoutValue(braced ?? plain ?? '', globals, seen));
}
