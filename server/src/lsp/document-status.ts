import type { Unknown } from '../core/answer.ts';
import type { Analysis } from '../engine/analyse.ts';
import type { DocumentStatus } from './protocol.ts';

/** What is unknown of a document, summed up by the reason. */
export function documentStatus({ unknown }: Analysis): DocumentStatus {
  const counts = new Map<Unknown, number>();
  for (const { why, count } of unknown) counts.set(why, (counts.get(why) ?? 0) + count);
  return { unknown: [...counts].map(([why, count]) => ({ why, count })).sort((a, b) => b.count - a.count) };
}
