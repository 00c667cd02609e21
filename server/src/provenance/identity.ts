import { ASN1Obj } from '@sigstore/core';
import type { Signer } from '@sigstore/verify';
import type { Check, SignerIdentity } from '../core/provenance.ts';
import { repositoryAddress } from '../core/repository-address.ts';
import type { Claims } from './statement.ts';

/** What the extensions of Fulcio's certificates mean (sigstore/fulcio, docs/oid-info.md); those from 8 on are DER strings. */
const EXTENSIONS: Readonly<Record<string, keyof Extensions>> = {
  '1.3.6.1.4.1.57264.1.2': 'oldTrigger',
  '1.3.6.1.4.1.57264.1.3': 'oldCommit',
  '1.3.6.1.4.1.57264.1.4': 'workflowName',
  '1.3.6.1.4.1.57264.1.5': 'oldRepository',
  '1.3.6.1.4.1.57264.1.6': 'oldRef',
  '1.3.6.1.4.1.57264.1.11': 'runner',
  '1.3.6.1.4.1.57264.1.12': 'repository',
  '1.3.6.1.4.1.57264.1.13': 'commit',
  '1.3.6.1.4.1.57264.1.14': 'ref',
  '1.3.6.1.4.1.57264.1.18': 'workflow',
  '1.3.6.1.4.1.57264.1.20': 'trigger',
};

interface Extensions {
  oldTrigger?: string;
  oldCommit?: string;
  workflowName?: string;
  oldRepository?: string;
  oldRef?: string;
  runner?: string;
  repository?: string;
  commit?: string;
  ref?: string;
  workflow?: string;
  trigger?: string;
}

/** An identity with what only the comparison with statements needs. */
export interface CertificateIdentity {
  readonly shown: SignerIdentity;
  readonly workflowName: string | undefined;
}

/** Reads who signed out of what the library verified. */
export function identityOf({ identity }: Signer): CertificateIdentity {
  const found: Extensions = {};
  for (const { oid, value } of identity?.oids ?? []) {
    const number = oid?.id.join('.') ?? '';
    const key = Object.hasOwn(EXTENSIONS, number) ? EXTENSIONS[number] : undefined;
    if (key !== undefined) found[key] = Number(number.split('.').at(-1)) >= 8 ? derText(value) : value.toString('utf8');
  }
  const subject = identity?.subjectAlternativeName;
  // Older certificates name the repository without its host, which is the signing workflow's.
  const host = /^https:\/\/[^/]+\//.exec(subject ?? '')?.[0];
  const oldRepository = found.oldRepository === undefined || host === undefined ? undefined : host + found.oldRepository;
  const shown = {
    subject,
    issuer: identity?.extensions?.issuer,
    repository: found.repository ?? oldRepository,
    workflow: found.workflow,
    ref: found.ref ?? found.oldRef,
    commit: found.commit ?? found.oldCommit,
    trigger: found.trigger ?? found.oldTrigger,
    runner: found.runner,
  };
  const known = Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined && value !== ''));
  return { shown: known, workflowName: found.workflowName };
}

function derText(value: Buffer): string {
  return ASN1Obj.parseBuffer(Buffer.from(value)).value.toString('utf8');
}

/** Whether the certificate, which the signer cannot choose, agrees with what the statement claims. */
export function checkIdentity(certificate: CertificateIdentity, claims: Claims): Check[] {
  const source = checkRepository(certificate.shown, claims);
  return [source, checkCommit(certificate.shown, claims), checkWorkflow(certificate, claims)];
}

function checkRepository({ repository, subject = 'nobody' }: SignerIdentity, claims: Claims): Check {
  const id = 'source-repository';
  const claimed = repositoryAddress(claims.repository ?? '');
  if (claimed === undefined) return { id, outcome: 'unknown', message: 'The statement names no repository that can be compared.' };
  if (repository === undefined) {
    // An address of a person: anybody gets a certificate for their own.
    if (!subject.includes('://'))
      return { id, outcome: 'contradicted', message: `The statement names ${claimed}, but ${subject} signed it, which is no workflow.` };
    return { id, outcome: 'unknown', message: `The certificate of ${subject} does not say from which repository it came.` };
  }
  if (repositoryAddress(repository) !== claimed)
    return { id, outcome: 'contradicted', message: `The statement names ${claimed}, but a workflow of ${repository} signed it.` };
  // A build service elsewhere puts into the certificate whichever repository its customer told it to build.
  return hostOf(subject) === hostOf(repository)
    ? { id, outcome: 'passed', message: `Statement and certificate name ${repository}.` }
    : {
        id,
        outcome: 'unknown',
        message: `It was signed by ${subject}, and whether that one may speak for ${repository} is not known here.`,
      };
}

function hostOf(address: string): string | undefined {
  return /^https?:\/\/([^/]+)\//.exec(address)?.[1]?.toLowerCase();
}

function checkCommit({ commit, ref }: SignerIdentity, claims: Claims): Check {
  const id = 'source-commit';
  if (claims.commit !== undefined && commit !== undefined && claims.commit.toLowerCase() !== commit.toLowerCase())
    return { id, outcome: 'contradicted', message: `The statement names commit ${claims.commit}, the certificate ${commit}.` };
  if (claims.ref !== undefined && ref !== undefined && claims.ref !== ref)
    return { id, outcome: 'contradicted', message: `The statement names ${claims.ref}, the certificate ${ref}.` };
  return claims.commit === undefined || commit === undefined
    ? { id, outcome: 'unknown', message: 'Statement or certificate names no commit.' }
    : { id, outcome: 'passed', message: `Statement and certificate name commit ${commit}.` };
}

function checkWorkflow({ shown, workflowName }: CertificateIdentity, { workflow, ...claims }: Claims): Check {
  const id = 'workflow';
  if (workflow === undefined) return { id, outcome: 'not-asked', message: 'The statement names no workflow file.' };
  const repository = repositoryAddress(claims.repository ?? '') ?? '';
  const claimed = workflowAddress(`${repository}/${workflow.path}@${workflow.ref ?? claims.ref ?? ''}`);
  if (shown.workflow !== undefined)
    return workflowAddress(shown.workflow) === claimed
      ? { id, outcome: 'passed', message: `Statement and certificate name the workflow ${shown.workflow}.` }
      : { id, outcome: 'contradicted', message: `The statement names the workflow ${claimed}, the certificate ${shown.workflow}.` };
  if (workflowAddress(shown.subject ?? '') === claimed)
    return { id, outcome: 'passed', message: `The workflow that the statement names signed it: ${shown.subject}.` };
  if (claims.workflowName !== undefined && workflowName !== undefined && claims.workflowName !== workflowName)
    return {
      id,
      outcome: 'contradicted',
      message: `The statement names the workflow "${claims.workflowName}", the certificate "${workflowName}".`,
    };
  // A reusable workflow signs for those that call it; certificates from before 2023-07 name only the one that signs.
  return {
    id,
    outcome: 'unknown',
    message: `The statement names ${claimed}, ${shown.subject} signed it, and the certificate does not say who called it.`,
  };
}

/** A workflow's address for comparison: the case of host, owner and repository does not count, that of path and ref does. */
function workflowAddress(address: string): string {
  return address.replace(/^https:\/\/[^/]+\/[^/]+\/[^/@]+/, (repository) => repository.toLowerCase());
}
