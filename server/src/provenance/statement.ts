import type { AttestationVerdict } from '../core/provenance.ts';
import { at, isObject, listAt, textAt } from './json.ts';

/** What a statement is about, and what it claims. All of it was written by the signer. */
export interface Statement {
  readonly kind: AttestationVerdict['kind'];
  readonly predicateType: string;
  readonly subjects: readonly Subject[];
  readonly claims: Claims;
  /** Of provenance: what built it, an address by which SLSA names builders. */
  readonly builder?: string;
  /** Of a publish attestation: the package as its predicate names it. */
  readonly published?: { readonly name: string | undefined; readonly version: string | undefined };
}

/** One subject of a statement: a package URL, and digests in lower-case hexadecimal by algorithm. */
export interface Subject {
  readonly name: string;
  readonly digests: ReadonlyMap<string, string>;
}

/** Where a statement says that the build came from. */
export interface Claims {
  /** As it is written, without a ref. */
  readonly repository?: string;
  readonly ref?: string;
  readonly commit?: string;
  /** Path in the repository, `.github/workflows/x.yml`, and the ref after its `@`. */
  readonly workflow?: { readonly path: string; readonly ref: string | undefined };
  /** The name that the workflow's file gives it. */
  readonly workflowName?: string;
}

/** in-toto statements, version 0.1 and 1 (in-toto attestation framework). */
const STATEMENT_TYPES: ReadonlySet<string> = new Set(['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1']);

const SLSA_V02 = 'https://slsa.dev/provenance/v0.2';
const SLSA_V1 = 'https://slsa.dev/provenance/v1';
const PUBLISH = 'https://github.com/npm/attestation/tree/main/specs/publish/v0.1';

/** More subjects than a package could have. */
const MAX_SUBJECTS = 64;

/** The most inputs of a build that are looked through for the one that is its source. */
const MAX_SOURCES = 1000;

/** Which kind of attestation a predicate type stands for. A version of SLSA that is not known is `other`. */
export function kindOf(predicateType: string): AttestationVerdict['kind'] {
  if (predicateType === SLSA_V02 || predicateType === SLSA_V1) return 'provenance';
  return predicateType === PUBLISH ? 'publish' : 'other';
}

/** Reads the payload of an envelope; undefined where it is no in-toto statement of a version that is known. */
export function readStatement(payload: string): Statement | undefined {
  const json = parse(Buffer.from(payload, 'base64').toString('utf8'));
  const predicateType = textAt(json, 'predicateType');
  if (!STATEMENT_TYPES.has(textAt(json, '_type') ?? '') || predicateType === undefined) return undefined;
  const subjects = listAt(json, 'subject');
  if (subjects.length > MAX_SUBJECTS) return undefined;
  const predicate = at(json, 'predicate');
  const builder = builderOf(predicateType, predicate);
  return {
    kind: kindOf(predicateType),
    predicateType,
    subjects: subjects.map((subject) => ({ name: textAt(subject, 'name') ?? '', digests: digestsOf(at(subject, 'digest')) })),
    claims: predicateType === SLSA_V02 ? claimsOfV02(predicate) : predicateType === SLSA_V1 ? claimsOfV1(predicate) : {},
    ...(builder === undefined ? {} : { builder }),
    ...(predicateType === PUBLISH ? { published: { name: textAt(predicate, 'name'), version: textAt(predicate, 'version') } } : {}),
  };
}

/** The longest name of a builder that is read, in UTF-16 units; real ones are addresses. */
const MAX_BUILDER_UNITS = 2048;

function builderOf(predicateType: string, predicate: unknown): string | undefined {
  const details = predicateType === SLSA_V1 ? at(predicate, 'runDetails') : predicateType === SLSA_V02 ? predicate : undefined;
  const id = textAt(details, 'builder', 'id');
  return id === undefined || id === '' || id.length > MAX_BUILDER_UNITS ? undefined : id;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function digestsOf(digest: unknown): ReadonlyMap<string, string> {
  const entries = isObject(digest) ? Object.entries(digest) : [];
  return new Map(
    entries.flatMap(([name, hex]) => {
      const isDigest = typeof hex === 'string' && (name.toLowerCase() !== 'sha512' || /^[0-9a-f]{128}$/i.test(hex));
      return isDigest ? [[name.toLowerCase(), hex.toLowerCase()]] : [];
    }),
  );
}

/** npm's use of SLSA 0.2: GitHub workflows, and GitLab pipelines, whose entry point is a job's name. */
function claimsOfV02(predicate: unknown): Claims {
  const source = at(predicate, 'invocation', 'configSource');
  const { before: repository, after: ref } = cutAtRef(textAt(source, 'uri'));
  const environment = at(predicate, 'invocation', 'environment');
  const { before: entryPoint = '', after: workflowRef } = cutAtRef(textAt(source, 'entryPoint'));
  // npm writes the repository in front of the file.
  const prefix = `${pathOf(repository)}/`;
  const path = entryPoint.toLowerCase().startsWith(prefix) ? entryPoint.slice(prefix.length) : entryPoint;
  return given({
    repository,
    ref,
    commit: textAt(source, 'digest', 'sha1'),
    workflow: /(?:^|\/)\.github\/workflows\/[^/]+$/.test(path) ? { path, ref: workflowRef ?? ref } : undefined,
    workflowName: textAt(environment, 'GITHUB_WORKFLOW'),
  });
}

/** SLSA 1 with the build type of GitHub workflows. */
function claimsOfV1(predicate: unknown): Claims {
  const workflow = at(predicate, 'buildDefinition', 'externalParameters', 'workflow');
  const repository = textAt(workflow, 'repository');
  // What else the build took in may stand there too, in any order.
  const sources = listAt(predicate, 'buildDefinition', 'resolvedDependencies').slice(0, MAX_SOURCES);
  const source = sources.find((one) => repository === undefined || pathOf(cutAtRef(textAt(one, 'uri')).before) === pathOf(repository));
  const { before, after } = cutAtRef(textAt(source, 'uri'));
  const path = textAt(workflow, 'path');
  return given({
    repository: repository ?? before,
    ref: after ?? textAt(workflow, 'ref'),
    commit: textAt(source, 'digest', 'gitCommit') ?? textAt(source, 'digest', 'sha1'),
    workflow: path === undefined ? undefined : { path, ref: textAt(workflow, 'ref') },
    workflowName: undefined,
  });
}

/** What stands behind the host of a repository's address, in lower case. */
function pathOf(repository: string | undefined): string {
  return (/^(?:git\+)?https?:\/\/[^/]+\/(.+)$/.exec(repository ?? '')?.[1] ?? '').replace(/\.git$/, '').toLowerCase();
}

/** Cuts at the first `@`: refs can hold more of them (`refs/tags/@scope/name@1.0.0`), repositories hold none. */
function cutAtRef(text: string | undefined): { readonly before?: string; readonly after?: string } {
  if (text === undefined) return {};
  const cut = text.indexOf('@');
  return cut < 0 ? { before: text } : { before: text.slice(0, cut), after: text.slice(cut + 1) };
}

function given(claims: { readonly [name in keyof Claims]-?: Claims[name] | undefined }): Claims {
  const { repository, ref, commit, workflow, workflowName } = claims;
  return {
    ...(repository === undefined ? {} : { repository }),
    ...(ref === undefined ? {} : { ref }),
    ...(commit === undefined ? {} : { commit }),
    ...(workflow === undefined ? {} : { workflow }),
    ...(workflowName === undefined ? {} : { workflowName }),
  };
}
