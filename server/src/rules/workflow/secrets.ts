import { type ContextNode, partsOf } from '../../formats/github-expression.ts';
import type { YamlScalar } from '../../formats/yaml-document.ts';
import type { PlacedExpression, View } from './view.ts';

/** A secret that an expression reads. */
export interface SecretUse {
  readonly expression: PlacedExpression;
  /** As it is written; `*` where it is all of them, or chosen when the job runs. */
  readonly name: string;
}

/** The secrets that a value reads. The job's own token is none: `permissions` says what it may do. */
export function secretsIn(scalar: YamlScalar | undefined, view: View): SecretUse[] {
  if (scalar === undefined || !/secrets/i.test(scalar.text)) return [];
  return view.expressions(scalar).flatMap((expression) => {
    if (expression.node === undefined) return [];
    return [...partsOf(expression.node)].flatMap((node) => {
      const name = node.kind === 'context' ? secretName(node, expression) : undefined;
      return name === undefined || name.toUpperCase() === 'GITHUB_TOKEN' ? [] : [{ expression, name }];
    });
  });
}

function secretName({ path, start, end }: ContextNode, { source }: PlacedExpression): string | undefined {
  if (path === 'secrets' || path === 'secrets.*') return '*';
  if (!path.startsWith('secrets.')) return undefined;
  // As written: `secrets.X`, `secrets['X']`.
  return /([\w-]+)['\s\]]*$/.exec(source.text.slice(start, end))?.[1];
}
