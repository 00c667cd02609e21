import { type CodeAction, CodeActionKind } from 'vscode-languageserver';
import type { FetchFact } from '../core/answer.ts';
import type { Edit, FixFailure } from '../core/finding.ts';
import { type ActionReference, wholeSpan } from '../core/reference.ts';
import type { LineIndex } from '../core/text.ts';
import { plain } from '../core/untrusted.ts';
import type { Analysis } from '../engine/analyse.ts';
import { MIN_AGE_DAYS, resolvePin } from '../rules/actions/pin-edit.ts';
import { unpin } from '../rules/actions/unpin.ts';
import { type UpgradeKind, upgradeTo } from '../rules/actions/upgrade.ts';
import { touches } from './convert.ts';

/** Changes of a reference that mend no finding. They are `review`: never preferred, never part of a fix-all. */
export const REFACTOR = CodeActionKind.RefactorRewrite;

/** A change of an action, offered at its place. */
export interface Refactoring {
  readonly title: string;
  readonly change: { readonly edits: readonly Edit[] } | { readonly upgrade: UpgradeKind; readonly start: number };
}

const UPGRADES: Readonly<Record<UpgradeKind, string>> = {
  seasoned: `Upgrade to the newest release that is at least ${MIN_AGE_DAYS} days old: check what it changes`,
  newest: 'Upgrade to the newest release, of whatever age: check what it changes',
};

/** What can be done with the actions at a range. Looks nothing up. */
export function refactorings({ manifest }: Analysis, range: Parameters<typeof touches>[1], lines: LineIndex): Refactoring[] {
  return manifest.refs.flatMap((reference) => {
    if (reference.ecosystem !== 'github-actions' || !touches(lines.rangeOf(wholeSpan(reference)), range)) return [];
    if (reference.verdict !== 'pinned' && reference.verdict !== 'unpinned') return [];
    const upgrades = (['seasoned', 'newest'] as const).map((upgrade) => ({
      title: UPGRADES[upgrade],
      change: { upgrade, start: reference.valueSpan.start },
    }));
    const back = unpin(reference, manifest.file.text);
    const title = `Follow ${plain(back?.ref ?? '', 60)} instead of the commit: check that you trust everybody who can move it`;
    return [...(back === undefined ? [] : [{ title, change: { edits: back.edits } }]), ...(reference.editable ? upgrades : [])];
  });
}

/** The edits of an upgrade that was chosen, or why there are none. */
export async function resolveUpgrade(
  { manifest }: Analysis,
  { upgrade, start }: { readonly upgrade: UpgradeKind; readonly start: number },
  { fetch, signal }: { readonly fetch: FetchFact; readonly signal: AbortSignal },
): Promise<readonly Edit[] | FixFailure> {
  const action = manifest.refs.find(
    (reference): reference is ActionReference => reference.ecosystem === 'github-actions' && reference.valueSpan.start === start,
  );
  if (action === undefined) return { failed: 'the action is gone meanwhile' };
  return resolvePin(action, manifest.file.text, { choose: upgradeTo(action, upgrade), io: { fetch }, signal });
}

/** Actions for a client, from refactorings; `data` makes what an upgrade needs to be resolved later. */
export function refactorActions(
  found: readonly Refactoring[],
  {
    edit,
    data,
  }: {
    readonly edit: (edits: readonly Edit[]) => NonNullable<CodeAction['edit']>;
    /** Undefined: the client cannot resolve, or nothing may be looked up. */
    readonly data: ((upgrade: UpgradeKind, start: number) => unknown) | undefined;
  },
): CodeAction[] {
  return found.flatMap(({ title, change }): CodeAction[] => {
    if ('edits' in change) return [{ title, kind: REFACTOR, edit: edit(change.edits) }];
    return data === undefined ? [] : [{ title, kind: REFACTOR, data: data(change.upgrade, change.start) }];
  });
}
