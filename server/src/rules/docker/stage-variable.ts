import type { Fix } from '../../core/finding.ts';
import type { ImageReference } from '../../core/reference.ts';
import type { Rule } from '../../core/rule.ts';
import { lineEndOf } from '../../core/text.ts';
import { asDockerfile, type Dockerfile } from '../../formats/dockerfile.ts';
import { assignmentsOf } from '../../formats/dockerfile-variables.ts';

/** A variable where BuildKit expands none: the build fails, or an image of that very name is pulled. */
export const rule: Rule = {
  meta: {
    id: 'docker/stage-variable',
    title: 'A variable where a stage or image is named, which BuildKit does not expand',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dockerfile'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '3.0',
    refs: ['https://docs.docker.com/reference/dockerfile/#copy---from', 'https://github.com/moby/buildkit/pull/6153'],
    messages: {
      found: {
        what: 'BuildKit does not expand `{text}` here.',
        why: 'The build fails, and nothing can tell which image was meant, let alone pin it.',
        remedy: 'Make it a stage of its own: `FROM {text} AS name` above, and `{flag}=name` here.',
      },
    },
  },
  check({ manifest, report }) {
    const dockerfile = asDockerfile(manifest);
    if (dockerfile === undefined) return;
    const place = placeFor(dockerfile, manifest.file.text);
    for (const { reference } of dockerfile.images) {
      if (reference.verdict !== 'invalid' || reference.reason !== 'variables-not-expanded-here') continue;
      const flag = reference.place.endsWith('mount') ? 'from' : '--from';
      const fixes = place === undefined ? [] : stageFixes(reference, place);
      report({ messageId: 'found', args: { text: reference.requested, flag }, span: reference.span, fixes });
    }
  },
};

/** Where stages can be added, and what is known there. */
interface Place {
  readonly at: number;
  /** What ends a line, and the white space before the next FROM. */
  readonly lineEnd: string;
  /** The ARGs above the first FROM. */
  readonly globals: ReadonlySet<string>;
  readonly taken: Set<string>;
  /** The stages that are to be made, by their image: two places that name one image share one. Added to. */
  readonly names: Map<string, string>;
}

/** In front of the first FROM, where that stands on a line of its own. */
function placeFor({ stages, instructions, escape: sign }: Dockerfile, document: string): Place | undefined {
  const index = stages[0]?.instruction;
  const at = instructions[index ?? -1]?.span.start;
  if (at === undefined) return undefined;
  const indent = document.slice(document.lastIndexOf('\n', at - 1) + 1, at).replace('\ufeff', '');
  if (indent.trim() !== '') return undefined;
  return {
    at,
    lineEnd: lineEndOf(document) + indent,
    globals: new Set(instructions.slice(0, index).flatMap((one) => assignmentsOf(one, sign).map(({ name }) => name))),
    taken: new Set(stages.flatMap(({ name }) => name ?? [])),
    names: new Map(),
  };
}

/** A stage in front of all others that takes the image's name from ARGs above the first FROM; none where those do not say it. */
function stageFixes({ requested, span, editable, place }: ImageReference, { at, lineEnd, globals, taken, names }: Place): Fix[] {
  if (!editable || place.startsWith('onbuild') || /["'\s]/.test(requested)) return [];
  const image = requested.replace(/\$(\w+)/g, (_, name) => `\${${name}}`);
  const variables = [...image.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name);
  if (variables.length === 0 || !variables.every((name) => globals.has(name))) return [];
  const name = names.get(image) ?? freeName(image, taken);
  names.set(image, name);
  taken.add(name);
  return [
    {
      title: `Make \`${requested}\` the stage \`${name}\` (check that numbers of stages are not counted on)`,
      safety: 'review',
      online: false,
      edits: [
        { span: { start: at, end: at }, text: `FROM ${image} AS ${name}${lineEnd}` },
        { span, text: name },
      ],
    },
  ];
}

/** A stage's name for an image: the last part of its name where that is written, else its first variable's. */
function freeName(image: string, taken: ReadonlySet<string>): string {
  const written = /(?:^|\/)([a-z][a-z0-9-]*)(?=[:@]|$)/.exec(image)?.[1] ?? /\$\{(\w+)/.exec(image)?.[1] ?? '';
  const base =
    written
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^[^a-z]+|-+$/g, '') || 'image';
  let name = base;
  for (let i = 2; taken.has(name); i++) name = `${base}-${i}`;
  return name;
}
