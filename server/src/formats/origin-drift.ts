import { major, valid } from 'semver';
import type { Check, CheckId, ProvenanceVerdict, SignerIdentity } from '../core/provenance.ts';

/** What a verified attestation says of where a version was built. Foreign text. */
export type Origin = SignerIdentity;

/** One way in which a version was built otherwise than those before it. */
export interface OriginChange {
  readonly what: 'repository' | 'workflow' | 'ref' | 'trigger';
  readonly now: string;
  /** What the newest of the earlier versions has. */
  readonly before: string;
}

/** Who signed the provenance of a version; undefined where no signature of one is good. */
export function originOf({ attestations }: ProvenanceVerdict): Origin | undefined {
  return attestations.find(({ kind, identity }) => kind === 'provenance' && identity !== undefined)?.identity;
}

/** The checks of a verdict that evidence speaks against, those of single attestations included; but not those that are named. */
export function contradictions({ checks, attestations }: ProvenanceVerdict, except: ReadonlySet<CheckId>): readonly Check[] {
  return [...checks, ...attestations.flatMap((one) => one.checks)].filter(
    ({ id, outcome }) => outcome === 'contradicted' && !except.has(id),
  );
}

/**
 * How a version was built otherwise than all of some earlier ones, newest first. What one of the origins leaves out, and what one of the
 * earlier ones has as well, is no change. A tag is as good as another, a branch only where its name is the same or bears the version's
 * major (`v6`, `6.x`): that is where releases of an older major come from.
 */
export function originChanges(now: Origin, before: readonly Origin[], version: string): readonly OriginChange[] {
  const changes: OriginChange[] = [];
  for (const { what, of, isSame = isSameText } of ASPECTS) {
    const pairs = before.map((one) => ({ own: of(now, one), other: of(one, now) }));
    const [newest] = pairs;
    if (newest?.own === undefined || newest.other === undefined) continue;
    const isKnown = pairs.some(({ own, other }) => own === undefined || other === undefined || isSame(own, other, version));
    if (!isKnown) changes.push({ what, now: newest.own, before: newest.other });
  }
  return changes;
}

interface Aspect {
  readonly what: OriginChange['what'];
  /** What `one` has, where it can be held against what the other has. */
  of(one: Origin, other: Origin): string | undefined;
  readonly isSame?: (own: string, other: string, version: string) => boolean;
}

const ASPECTS: readonly Aspect[] = [
  { what: 'repository', of: ({ repository }) => repository },
  // Older certificates name only the workflow that signs, which may be one that several call.
  { what: 'workflow', of: (one, other) => workflowPath(other.workflow === undefined ? one.subject : (one.workflow ?? one.subject)) },
  { what: 'ref', of: ({ ref }) => ref, isSame: isSameKindOfRef },
  { what: 'trigger', of: ({ trigger }) => trigger },
];

/** `.github/workflows/x.yml`, without the repository, which is compared by itself, and the ref. */
export function workflowPath(address: string | undefined): string | undefined {
  return /^https?:\/\/[^/]+\/[^/@]+\/[^/@]+\/([^@]+)(?:@|$)/.exec(address ?? '')?.[1];
}

function isSameText(own: string, other: string): boolean {
  return own.toLowerCase() === other.toLowerCase();
}

function isSameKindOfRef(own: string, other: string, version: string): boolean {
  if (own === other) return true;
  const kind = (ref: string): string | undefined => /^refs\/([^/]+)\//.exec(ref)?.[1];
  if (kind(own) !== kind(other)) return false;
  if (kind(own) !== 'heads') return true;
  const line = valid(version, { loose: true }) === null ? undefined : String(major(version, { loose: true }));
  return (own.match(/\d+/g) ?? []).some((digits) => digits === line);
}
