import type { Check } from '../core/provenance.ts';
import type { Statement } from './statement.ts';

/** Whether every subject is the package that was asked about: the library checks no subject at all. */
export function checkSubject({ subjects, published }: Statement, name: string, version: string): Check {
  const wanted = `${name}@${version}`;
  const id = 'subject';
  if (subjects.length === 0) return { id, outcome: 'contradicted', message: 'The statement names no subject.' };
  const named = subjects.map((subject) => ({ written: subject.name, is: decoded(subject.name) }));
  const other = named.find(({ is }) => is !== undefined && is.package !== wanted);
  if (other !== undefined) return { id, outcome: 'contradicted', message: `The statement is about ${other.written}, not about ${wanted}.` };
  if (published !== undefined && (published.name !== name || published.version !== version)) {
    const of = `${published.name ?? '?'}@${published.version ?? '?'}`;
    return { id, outcome: 'contradicted', message: `The registry attests that it published ${of}, not ${wanted}.` };
  }
  const unclear = named.find(({ is }) => is === undefined || is.isQualified);
  return unclear === undefined
    ? { id, outcome: 'passed', message: `The statement is about ${wanted}.` }
    : {
        id,
        outcome: 'unknown',
        message: `The statement is about "${unclear.written}", and this version does not know what package that is.`,
      };
}

/**
 * What a package URL names: `name@version` of an npm package, and whether qualifiers or a path narrow it, as another registry does;
 * of another ecosystem its type too. Undefined for what is no package URL with a version, such as a file's name.
 */
function decoded(purl: string): { readonly package: string; readonly isQualified: boolean } | undefined {
  const [, type, path, version, rest] = /^pkg:([a-z0-9.+-]+)\/([^?#]+)@([^@?#/]+)([?#].*)?$/s.exec(purl) ?? [];
  if (type === undefined || path === undefined || version === undefined) return undefined;
  try {
    const name = `${decodeURIComponent(path)}@${decodeURIComponent(version)}`;
    return { package: type === 'npm' ? name : `${type}/${name}`, isQualified: rest !== undefined };
  } catch {
    return undefined;
  }
}

/**
 * Whether the attested bytes are those that an `integrity` names, and no others: managers take bytes that have any one of its hashes.
 * `whose` says in the sentence where that integrity stands.
 */
export function checkDigest(
  { subjects }: Statement,
  integrity: string | undefined,
  { id, whose }: { readonly id: 'digest-locked' | 'digest-published' | 'digest-asked'; readonly whose: string },
): Check {
  if (integrity === undefined)
    return { id, outcome: 'not-asked', message: `No integrity ${whose} was given, so the bytes were not compared with it.` };
  const wanted = sha512Of(integrity);
  if (wanted.length === 0) {
    return { id, outcome: 'unknown', message: `The integrity ${whose} has no SHA-512, which is what statements carry.` };
  }
  const attested = subjects.map(({ digests }) => digests.get('sha512'));
  if (attested.includes(undefined)) return { id, outcome: 'unknown', message: 'The statement carries no SHA-512 of the package.' };
  return attested.every((hex) => hex !== undefined && wanted.includes(hex)) && wanted.every((hex) => attested.includes(hex))
    ? { id, outcome: 'passed', message: `The attested bytes are those of the integrity ${whose}.` }
    : { id, outcome: 'contradicted', message: `The attested bytes are not those of the integrity ${whose}.` };
}

/** The SHA-512 digests of a Subresource Integrity string, in hexadecimal; those of another length are none. */
export function sha512Of(integrity: string): readonly string[] {
  return integrity
    .trim()
    .split(/\s+/)
    .flatMap((hash) => {
      const base64 = /^sha512-([A-Za-z0-9+/]{86}==)(?:\?.*)?$/.exec(hash)?.[1];
      return base64 === undefined ? [] : [Buffer.from(base64, 'base64').toString('hex')];
    });
}
