import type { ParseArgsConfig } from 'node:util';
import { fail, ok, type Result } from '../core/result.ts';
import { oneOf, optional, text, type Values } from './arg-values.ts';

/** What a package must have besides nothing that speaks against it. */
export const REQUIREMENTS = ['provenance', 'signature', 'nothing'] as const;

/** One of `REQUIREMENTS`: `signature` is the registry's, or provenance. */
export type Requirement = (typeof REQUIREMENTS)[number];

/** What `verify` was asked to do. */
export interface VerifyArgs {
  readonly command: 'verify';
  readonly subject:
    | { readonly kind: 'package'; readonly name: string; readonly version: string; readonly integrity?: string; readonly bundle?: string }
    | { readonly kind: 'paths'; readonly paths: readonly string[]; readonly only: readonly string[] };
  readonly format: 'text' | 'json';
  readonly require: Requirement;
  /** Whether the project may choose registries, and the user's credentials for them are used. */
  readonly trust: boolean;
  /** A file with a newer trust root than the one that travels along. */
  readonly trustRoot?: string;
  /** Whether the trust root that travels along may be refreshed over the network. */
  readonly refresh: boolean;
  readonly identity?: RegExp;
  readonly issuer?: string;
  readonly repository?: string;
}

/** The options of `verify`. */
export const VERIFY_OPTIONS = {
  bundle: { type: 'string' },
  format: { type: 'string' },
  integrity: { type: 'string' },
  'identity-regexp': { type: 'string' },
  issuer: { type: 'string' },
  'no-refresh': { type: 'boolean' },
  only: { type: 'string' },
  repository: { type: 'string' },
  require: { type: 'string' },
  trust: { type: 'boolean' },
  'trust-root': { type: 'string' },
} as const satisfies ParseArgsConfig['options'];

const USAGE = 'waybill verify npm:NAME@VERSION, or waybill verify PATH...';

/** A version as semver.org writes it, with no prefix and no range. */
const EXACT_VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** A name, or the names of a scope. */
const PATTERN = /^(?:@[^@/\s*]+\/)?(?:[^@/\s*]+|\*)$/;

/** Reads the options of `verify`. Fails with a sentence that says what is wrong and what is allowed. */
export function readVerify(values: Values, positionals: readonly string[]): Result<VerifyArgs> {
  for (const option of Object.keys(VERIFY_OPTIONS)) if (values[option] === '') return fail(`--${option} is empty`);
  const subject = readSubject(values, positionals);
  if (!subject.ok) return subject;
  const format = oneOf(values, 'format', ['text', 'json'] as const, 'text');
  if (!format.ok) return format;
  const origins = ['identity-regexp', 'issuer', 'repository'].filter((name) => values[name] !== undefined);
  const isPackage = subject.value.kind === 'package';
  const require = oneOf(values, 'require', REQUIREMENTS, isPackage || origins.length > 0 ? 'provenance' : 'nothing');
  if (!require.ok) return require;
  if (require.value !== 'provenance' && origins[0] !== undefined)
    return fail(`--${origins[0]} says what provenance must be; it does not go with --require ${require.value}`);
  const identity = expression(text(values, 'identity-regexp'));
  if (!identity.ok) return identity;
  const issuer = text(values, 'issuer');
  if (issuer !== undefined && !/^https:\/\/[^\s]+$/.test(issuer)) return fail(`--issuer must be an https address, not "${issuer}"`);
  const hasBundle = text(values, 'bundle') !== undefined;
  if (hasBundle && require.value !== 'provenance')
    return fail(`--bundle holds attestations, and not what the registry says; it does not go with --require ${require.value}`);
  if (hasBundle && values.trust === true) return fail('--trust is about registries, and with --bundle none is asked');
  return ok({
    command: 'verify',
    subject: subject.value,
    format: format.value,
    require: require.value,
    trust: values.trust === true,
    refresh: values['no-refresh'] !== true,
    ...(identity.value === undefined ? {} : { identity: identity.value }),
    ...optional('issuer', issuer),
    ...optional('repository', text(values, 'repository')),
    ...optional('trustRoot', text(values, 'trust-root')),
  });
}

function readSubject(values: Values, positionals: readonly string[]): Result<VerifyArgs['subject']> {
  const [first, second] = positionals;
  if (first === undefined) return fail(`verify takes a package or paths: ${USAGE}`);
  const packages = positionals.filter((one) => /^[a-z]+:(?!\\)/.test(one));
  if (packages.length === 0) return readPaths(values, positionals);
  if (second !== undefined) return fail(`verify takes one package: ${USAGE}`);
  const [, name, version] = /^npm:((?:@[^@/\s]+\/)?[^@/\s]+)@([^@\s]+)$/.exec(first) ?? [];
  if (name === undefined || version === undefined || name.length > 214) return fail(`verify takes a version of a package on npm: ${USAGE}`);
  if (!EXACT_VERSION.test(version)) return fail(`verify takes one exact version, not "${version}"`);
  if (values.only !== undefined) return fail('--only chooses among the packages of lockfiles; one package needs no choice');
  return ok({
    kind: 'package',
    name,
    version,
    ...optional('integrity', text(values, 'integrity')),
    ...optional('bundle', text(values, 'bundle')),
  });
}

function readPaths(values: Values, paths: readonly string[]): Result<VerifyArgs['subject']> {
  if (paths.includes('')) return fail('a PATH is empty');
  if (values.bundle !== undefined)
    return fail('--bundle holds the attestations of one package: waybill verify npm:NAME@VERSION --bundle FILE');
  if (values.integrity !== undefined) return fail('--integrity is that of one package; lockfiles have one for each');
  const only = text(values, 'only')?.split(',') ?? [];
  const odd = only.find((pattern) => !PATTERN.test(pattern));
  if (odd !== undefined) return fail(`--only takes names and scopes, such as "lodash,@acme/*", not "${odd}"`);
  return ok({ kind: 'paths', paths, only });
}

function expression(source: string | undefined): Result<RegExp | undefined> {
  if (source === undefined) return ok(undefined);
  try {
    return ok(new RegExp(source));
  } catch (error) {
    return fail(`--identity-regexp is no regular expression: ${error instanceof Error ? error.message : String(error)}`);
  }
}
