import type { Answer } from './answer.ts';

/** Why a look-up has no answer, for a hover: `unknown (denied: HTTP 403)`. What merely failed is told by its detail alone. */
export function unknownText({ why, detail }: Answer<never> & { readonly state: 'unknown' }): string {
  if (detail === undefined) return `unknown (${why})`;
  return `unknown (${why === 'error' ? detail : `${why}: ${detail}`})`;
}
