/** Where a name is from. */
export const ECOSYSTEMS = ['npm', 'pypi', 'actions', 'oci'] as const;

/** One of `ECOSYSTEMS`. */
export type Ecosystem = (typeof ECOSYSTEMS)[number];

/** How one name differs from another: the kinds of SpellBound (arXiv 2003.03471), and those that attacks since have added. */
export type Difference =
  | 'swap'
  | 'repeat'
  | 'omit'
  | 'insert'
  | 'keyboard'
  | 'vowel'
  | 'replace'
  | 'homoglyph'
  | 'delimiter'
  | 'edit-delimiter'
  | 'two-edits'
  | 'reorder'
  | 'anagram'
  | 'affix'
  | 'version'
  | 'scope'
  | 'scope-dropped'
  | 'scope-flattened'
  | 'combo'
  | 'known-malicious';

/** How sure it is that a name means to be taken for another. */
export type Confidence = 'certain' | 'high' | 'medium' | 'low';

/** A name that looks like another. */
export interface Lookalike {
  /** The name that it looks like; empty for a name of removed malware that imitates none. */
  readonly target: string;
  readonly kind: Difference;
  readonly confidence: Confidence;
  /** How much the target is used: eight times the binary logarithm of its monthly downloads, or of another count. */
  readonly weight: number;
  /** The reason for which the policy allows the name all the same; of removed malware there is none. */
  readonly allowed?: string;
}

/** A name somewhere, and what it looks like. */
export interface LookalikeName {
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly found: Lookalike;
}

/** Judges names by a list that travels with the program. */
export interface LookalikeJudge {
  /** The month of the list, `2026-11`. */
  readonly date: string;
  /** What it was made from, a phrase each. */
  readonly sources: readonly string[];
  /** What a name looks like; undefined for one that looks like itself. */
  readonly judge: (ecosystem: Ecosystem, name: string) => Lookalike | undefined;
  /** The well-known npm package that an unknown name has among its words; most names like that are honest. Other ecosystems have none. */
  readonly combosquat: (ecosystem: Ecosystem, name: string) => Lookalike | undefined;
}

/** About how many monthly downloads (or what else was counted) a weight stands for: the lower end of its bucket. */
export function downloadsOf(weight: number): number {
  return Math.round(2 ** (weight / 8)) - 1;
}

/** Whether a name is so near another that nobody may fix it to what it is today without a look: a pin would keep the trap. */
export function isSuspect(found: Lookalike | undefined): boolean {
  return found !== undefined && found.confidence !== 'low' && found.allowed === undefined;
}
