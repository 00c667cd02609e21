import type { ParseArgsConfig } from 'node:util';
import { type LinearPattern, linearPattern } from '../core/linear-pattern.ts';
import { PACKAGE_PATTERN } from '../core/package-pattern.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { plain } from '../core/untrusted.ts';
import { oneOf, optional, text, texts, type Values } from './arg-values.ts';

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
  /** What a package must have that the policy has no entry for. */
  readonly require: Requirement;
  /** Whether an option says so, and not the default. */
  readonly isRequireGiven: boolean;
  /** A policy file: what it requires of some packages is required of them. */
  readonly policy?: string;
  /** Whether the project may choose registries, and the user's credentials for them are used. */
  readonly trust: boolean;
  /** A file with a newer trust root than the one that travels along. */
  readonly trustRoot?: string;
  /** Whether the trust root that travels along may be refreshed over the network. */
  readonly refresh: boolean;
  readonly identity?: LinearPattern;
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
  only: { type: 'string', multiple: true },
  policy: { type: 'string' },
  repository: { type: 'string' },
  require: { type: 'string' },
  trust: { type: 'boolean' },
  'trust-root': { type: 'string' },
} as const satisfies ParseArgsConfig['options'];

const USAGE = 'waybill verify npm:NAME@VERSION, or waybill verify PATH...';

/** A version as semver.org writes it, with no prefix and no range. */
const EXACT_VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

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
    isRequireGiven: values.require !== undefined || origins.length > 0,
    trust: values.trust === true,
    refresh: values['no-refresh'] !== true,
    ...(identity.value === undefined ? {} : { identity: identity.value }),
    ...optional('issuer', issuer),
    ...optional('repository', text(values, 'repository')),
    ...optional('policy', text(values, 'policy')),
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
  if (texts(values, 'only').length > 0) return fail('--only chooses among the packages of lockfiles; one package needs no choice');
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
  const only = texts(values, 'only').flatMap((names) => names.split(','));
  const odd = only.find((pattern) => !PACKAGE_PATTERN.test(pattern));
  if (odd !== undefined) return fail(`--only takes names and scopes, such as "lodash,@acme/*", not "${odd}"`);
  return ok({ kind: 'paths', paths, only });
}

function expression(source: string | undefined): Result<LinearPattern | undefined> {
  if (source === undefined) return ok(undefined);
  const pattern = linearPattern(source);
  return pattern.ok ? pattern : fail(`--identity-regexp is no regular expression of use: ${plain(pattern.error)}`);
}
