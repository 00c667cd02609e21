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
    const names = new Map<string, string>();
    for (const { reference } of dockerfile.images) {
      if (reference.verdict !== 'invalid' || reference.reason !== 'variables-not-expanded-here') continue;
      const flag = reference.place.endsWith('mount') ? 'from' : '--from';
      const fixes = stageFixes(reference, dockerfile, { document: manifest.file.text, names });
      report({ messageId: 'found', args: { text: reference.requested, flag }, span: reference.span, fixes });
    }
  },
};

interface Where {
  readonly document: string;
  /** The stages that are to be made, by their image: two places that name one image share one. Added to. */
  readonly names: Map<string, string>;
}

/** A stage in front of all others that takes the image's name from ARGs above the first FROM; none where those do not say it. */
function stageFixes({ requested, span, editable, place }: ImageReference, dockerfile: Dockerfile, { document, names }: Where): Fix[] {
  const { stages, instructions } = dockerfile;
  const first = instructions[stages[0]?.instruction ?? -1];
  if (first === undefined || !editable || place.startsWith('onbuild') || /["'\s]/.test(requested)) return [];
  const image = requested.replace(/\$(\w+)/g, (_, name) => `\${${name}}`);
  const variables = [...image.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name);
  const globals = instructions
    .slice(0, stages[0]?.instruction)
    .flatMap((one) => assignmentsOf(one, dockerfile.escape).map(({ name }) => name));
  if (variables.length === 0 || !variables.every((name) => globals.includes(name))) return [];
  const lineStart = document.lastIndexOf('\n', first.span.start - 1) + 1;
  const indent = document.slice(lineStart, first.span.start).replace('\ufeff', '');
  if (indent.trim() !== '') return [];
  const name = names.get(image) ?? freeName(image, new Set([...stages.map((stage) => stage.name), ...names.values()]));
  names.set(image, name);
  const at = first.span.start;
  return [
    {
      title: `Make \`${requested}\` the stage \`${name}\` (check that numbers of stages are not counted on)`,
      safety: 'review',
      online: false,
      edits: [
        { span: { start: at, end: at }, text: `FROM ${image} AS ${name}${lineEndOf(document)}${indent}` },
        { span, text: name },
      ],
    },
  ];
}

/** A stage's name for an image: the last part of its name where that is written, else its first variable's. */
function freeName(image: string, taken: ReadonlySet<string | undefined>): string {
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
