import type { ProvenanceVerdict, SignerIdentity } from './provenance.ts';

/** A part of an origin that two releases of one package can differ in. */
export type OriginPart = 'repository' | 'workflow' | 'ref' | 'trigger';

/** Who signed the provenance of something, where that is proven. */
export function provenIdentity({ attestations }: ProvenanceVerdict): SignerIdentity | undefined {
  return attestations.find(({ kind, verdict, identity }) => kind === 'provenance' && verdict === 'proven' && identity !== undefined)
    ?.identity;
}

/**
 * In what two origins differ: the repository, the file of the workflow, whether a tag or a branch was built, and what started it. Which
 * tag or commit it was is different in each release. A part that one of them does not name is no difference.
 */
export function originDifferences(a: SignerIdentity, b: SignerIdentity): OriginPart[] {
  const [left, right] = [partsOf(a), partsOf(b)];
  const parts: readonly OriginPart[] = ['repository', 'workflow', 'ref', 'trigger'];
  return parts.filter((part) => left[part] !== undefined && right[part] !== undefined && left[part] !== right[part]);
}

function partsOf({
  repository,
  workflow,
  subject,
  ref,
  trigger,
}: SignerIdentity): Readonly<Partial<Record<OriginPart, string | undefined>>> {
  return {
    // Hosts of repositories ignore case.
    repository: repository?.toLowerCase(),
    workflow: workflowFile(workflow ?? subject),
    ref: refClass(ref),
    trigger,
  };
}

/** `.github/workflows/x.yml` of `https://host/owner/name/.github/workflows/x.yml@ref`; undefined for what is no such address. */
export function workflowFile(address: string | undefined): string | undefined {
  return /^https:\/\/[^/@]+\/[^@]*?\/(\.[^@]+)@/.exec(address ?? '')?.[1];
}

/** What kind of ref was built. */
function refClass(ref: string | undefined): string | undefined {
  return /^refs\/(tags|heads|pull)\//.exec(ref ?? '')?.[1] ?? ref;
}
