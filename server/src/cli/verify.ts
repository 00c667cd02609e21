import path from 'node:path';
import type { Answer, FetchFact } from '../core/answer.ts';
import { withAsked } from '../core/asked-origin.ts';
import { npmProvenance, type PackageVersionKey, versionPurl } from '../core/npm-facts.ts';
import type { CheckId, ProvenanceVerdict } from '../core/provenance.ts';
import type { ProvenanceDemands } from '../core/provenance-demand.ts';
import { repositoryAddress } from '../core/repository-address.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { trustRoot } from '../core/trust-root.ts';
import { plain } from '../core/untrusted.ts';
import { diskRoot } from '../disk/disk-root.ts';
import { readTextFile } from '../disk/files.ts';
import { repositoryRoot } from '../disk/walk.ts';
import { packageKeys } from '../formats/registry-settings.ts';
import type { Trust } from '../provenance/index.ts';
import type { Sources } from '../sources/index.ts';
import { SIGSTORE } from '../sources/trust-root.ts';
import { EXIT } from './check.ts';
import type { Io } from './io.ts';
import { lookUps } from './look-ups.ts';
import { readPolicy } from './policy.ts';
import { type Finding, verdictJson, verdictText } from './reporters/verdict.ts';
import { paintFor } from './terminal.ts';
import type { VerifyArgs } from './verify-args.ts';
import { askedOf, type PackageAsked } from './verify-asked.ts';
import { verifyPaths } from './verify-paths.ts';
import { statusOf } from './verify-status.ts';

/** Verifies a package, or everything that lockfiles have; prints the verdict and gives the exit status. */
export async function verify(args: VerifyArgs, io: Io): Promise<number> {
  const status = await tryVerify(args, io);
  if (status.ok) return status.value;
  io.stderr.write(`waybill: ${status.error}\n`);
  return EXIT.failed;
}

/** The code that verifies. Nothing else needs it: it is read here and not at the start. */
export type Provenance = typeof import('../provenance/index.ts');

async function tryVerify(args: VerifyArgs, io: Io): Promise<Result<number>> {
  const provenance = await import('../provenance/index.ts');
  const trust = readTrustRoot(args, io, provenance);
  if (!trust.ok) return trust;
  if (args.repository !== undefined && repositoryAddress(args.repository) === undefined)
    return fail(`--repository must be the address of a repository, such as https://github.com/owner/name, not "${plain(args.repository)}"`);
  const policy = readPolicy(args.policy, io);
  if (policy === undefined) return ok(EXIT.failed);
  const demands: ProvenanceDemands = policy.provenance ?? new Map();
  const { subject } = args;
  if (subject.kind === 'package' && subject.integrity !== undefined && provenance.sha512Of(subject.integrity).length === 0)
    return fail('--integrity must be what a lockfile has for the package, "sha512-" and 88 characters: statements carry no other hash');
  if (subject.kind === 'package' && subject.bundle !== undefined) {
    const text = readTextFile(path.resolve(io.cwd, subject.bundle));
    if (!text.ok) return fail(`${plain(subject.bundle)} cannot be read: ${plain(text.error.reason)}`);
    const { name, version, integrity } = subject;
    const verdict = provenance.verifyAttestations(text.value, {
      name,
      version,
      now: Date.now(),
      trust: trust.value,
      ...(integrity === undefined ? {} : { integrity: { asked: integrity } }),
    });
    return ok(print(verdict, askedOf(args, demands, { name }), { args, io, isOffline: true }));
  }
  const sources = lookUps(io.env, {
    trusted: args.trust,
    refreshes: args.refresh,
    ...(trust.value === provenance.BUNDLED_TRUST ? {} : { verifier: provenance.packageVerifierOf(trust.value) }),
    verifiesOnly: true,
  });
  if (!sources.ok) return sources;
  try {
    const ask = asking(sources.value.fetchFact, { trust: trust.value, signal: io.signal });
    const notRefreshed = whyNotRefreshed(sources.value, io.signal);
    if (subject.kind === 'paths') return await verifyPaths({ ...args, subject }, io, { ask, notRefreshed, demands, trust: trust.value });
    const { name, version, integrity } = subject;
    const key = { ...keyOf(name, io), version, ...(integrity === undefined ? {} : { integrity }) };
    const verdict = await ask(key);
    return ok(print(verdict, askedOf(args, demands, { name }), { args, io, isOffline: false, notRefreshed: await notRefreshed() }));
  } finally {
    await sources.value.close();
  }
}

/** Asks for a verdict, without what the origin must be; what could not be asked for is one as well, with its reason. */
export type AskVerdict = (key: PackageVersionKey) => Promise<ProvenanceVerdict>;

/** Asks, and says how that went. */
export interface Asking {
  readonly ask: AskVerdict;
  /** After the last verdict: why there is no newer trust root; undefined where nothing is to be said. */
  notRefreshed(): Promise<string | undefined>;
}

/** What is remembered of a refresh; nothing is asked. */
function whyNotRefreshed({ keptFact }: Sources, signal: AbortSignal): Asking['notRefreshed'] {
  return async () => {
    const answer = await keptFact(trustRoot, { address: SIGSTORE.address }, signal);
    return answer?.state === 'unknown' ? answer.detail : undefined;
  };
}

interface Judging {
  readonly trust: Trust;
  readonly signal: AbortSignal;
}

function asking(fetch: FetchFact, { trust, signal }: Judging): AskVerdict {
  return async (key) => {
    const answer = await fetch(npmProvenance, key, signal);
    return answer.state === 'known' ? answer.value : without(answer, key, trust);
  };
}

/** The verdict where the registry has no such version, or could not be asked. */
function without(
  answer: Exclude<Answer<ProvenanceVerdict>, { readonly state: 'known' }>,
  { name, version }: PackageVersionKey,
  trust: Trust,
): ProvenanceVerdict {
  const made = (verdict: ProvenanceVerdict['verdict'], id: CheckId, message: string): ProvenanceVerdict => ({
    subject: versionPurl(name, version),
    verdict,
    checks: [{ id, outcome: verdict === 'unknown' ? 'unknown' : 'not-proven', message }],
    attestations: [],
    trustRootDate: trust.date,
    trustRootSource: trust.source,
  });
  if (answer.state === 'absent')
    return made('not-proven', 'version-listed', 'The registry lists no such version: it was taken back, or never was there.');
  const { why, detail } = answer;
  return made('unknown', 'registry-asked', `The registry could not be asked (${why})${detail === undefined ? '' : `: ${detail}`}.`);
}

/** A package is asked for as npm would do it here: by the settings of this folder and those above it. */
function keyOf(name: string, { cwd }: Io): Omit<PackageVersionKey, 'version'> {
  const { document, project } = diskRoot(repositoryRoot(cwd) ?? cwd);
  return packageKeys(document(path.join(cwd, 'package.json'), ''), project).of({ name, locked: undefined });
}

function print(
  facts: ProvenanceVerdict,
  asked: PackageAsked,
  { args, io, ...finding }: Finding & { readonly args: VerifyArgs; readonly io: Io },
): number {
  const verdict = withAsked(facts, asked.origin);
  const hasPolicy = args.policy !== undefined;
  io.stdout.write(
    args.format === 'json'
      ? verdictJson(verdict, asked)
      : verdictText(verdict, asked, { ...finding, hasPolicy }, paintFor(io.stdout, io.env)),
  );
  return statusOf(verdict, asked.require);
}

function readTrustRoot({ trustRoot }: VerifyArgs, io: Io, { BUNDLED_TRUST, trustOf }: Provenance): Result<Trust> {
  if (trustRoot === undefined) return ok(BUNDLED_TRUST);
  const text = readTextFile(path.resolve(io.cwd, trustRoot));
  if (!text.ok) return fail(`${plain(trustRoot)} cannot be read: ${plain(text.error.reason)}`);
  const trust = trustOf(text.value);
  return trust.ok ? trust : fail(`${plain(trustRoot)} is no trust root: ${plain(trust.error)}`);
}
