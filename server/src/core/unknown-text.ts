import type { Answer } from './answer.ts';

/** Why a look-up has no answer: `denied: HTTP 403`. What merely failed is told by its detail alone. */
export function unknownReason({ why, detail }: Answer<never> & { readonly state: 'unknown' }): string {
  if (detail === undefined) return why;
  return why === 'error' ? detail : `${why}: ${detail}`;
}
