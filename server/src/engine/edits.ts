import type { Edit, Finding, Fix, FixIo } from '../core/finding.ts';

/** A fix that was chosen, with what it does to the text. */
export interface PlannedFix {
  readonly finding: Finding;
  readonly fix: Fix;
  readonly edits: readonly Edit[];
}

/** A fix that could not be used, and why: a sentence for the user. */
export interface SkippedFix {
  readonly finding: Finding;
  readonly fix: Fix;
  readonly why: string;
}

/** What a fix-all does. */
export interface FixPlan {
  readonly applied: readonly PlannedFix[];
  readonly skipped: readonly SkippedFix[];
}

/**
 * Chooses one `safe` fix per finding and resolves it. Offline (`io` undefined) only fixes without a look-up take part.
 * Fixes never collide: the first in document order wins, a later one that touches the same text is skipped and said so.
 */
export async function planSafeFixes(findings: readonly Finding[], io: FixIo | undefined, signal: AbortSignal): Promise<FixPlan> {
  const applied: PlannedFix[] = [];
  const skipped: SkippedFix[] = [];
  const candidates = findings.flatMap((finding) => {
    const fix = finding.fixes.find(
      (candidate) => candidate.safety === 'safe' && (candidate.online ? io !== undefined && candidate.inFixAll : true),
    );
    return fix === undefined ? [] : [{ finding, fix }];
  });
  const resolved = await Promise.all(
    candidates.map(async ({ finding, fix }) => ({ finding, fix, outcome: await editsOf(fix, io, signal) })),
  );
  const taken: Edit[] = [];
  for (const { finding, fix, outcome } of resolved) {
    if ('failed' in outcome) {
      skipped.push({ finding, fix, why: outcome.failed });
    } else if (outcome.every((edit) => taken.some((other) => same(edit, other)))) {
      // Two findings, one cause: the same edit once is enough.
      applied.push({ finding, fix, edits: [] });
    } else if (outcome.some((edit) => taken.some((other) => collide(edit, other)))) {
      skipped.push({ finding, fix, why: 'it touches the same text as another fix; run again for it' });
    } else {
      taken.push(...outcome);
      applied.push({ finding, fix, edits: outcome });
    }
  }
  return { applied, skipped };
}

/** A fix's edits, looked up where it needs that. Never rejects. */
export async function editsOf(
  fix: Fix,
  io: FixIo | undefined,
  signal: AbortSignal,
): Promise<readonly Edit[] | { readonly failed: string }> {
  if (!fix.online) return fix.edits;
  if (io === undefined) return { failed: 'it needs a look-up, and the network is off' };
  try {
    return await fix.resolve(io, signal);
  } catch (error) {
    return { failed: `the fix failed (${error instanceof Error ? error.message : 'unknown error'})` };
  }
}

/** The text after some edits that do not collide; edits at one place keep their order. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const ordered = edits
    .map((edit, order) => ({ edit, order }))
    .sort((a, b) => a.edit.span.start - b.edit.span.start || a.edit.span.end - b.edit.span.end || a.order - b.order);
  let result = '';
  let at = 0;
  for (const { edit } of ordered) {
    result += text.slice(at, edit.span.start) + edit.text;
    at = Math.max(at, edit.span.end);
  }
  return result + text.slice(at);
}

function same(a: Edit, b: Edit): boolean {
  return a.span.start === b.span.start && a.span.end === b.span.end && a.text === b.text;
}

/** Two edits collide where they share a character, or where both insert at one place. */
function collide(a: Edit, b: Edit): boolean {
  const emptyA = a.span.start === a.span.end;
  const emptyB = b.span.start === b.span.end;
  if (emptyA && emptyB) return a.span.start === b.span.start;
  if (emptyA) return b.span.start < a.span.start && a.span.start < b.span.end;
  if (emptyB) return a.span.start < b.span.start && b.span.start < a.span.end;
  return a.span.start < b.span.end && b.span.start < a.span.end;
}
