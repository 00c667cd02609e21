import type { Metadata, MetaFile, Root, TargetFile } from '@tufjs/models';
import { hashOf } from './hash.ts';
import { MAX_METADATA_BYTES } from './metadata.ts';
import type { TufGet, TufSet } from './state.ts';

/** The largest target file that is read, in bytes; Sigstore's trust root has 7 kB. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Where the documents of one update come from. Each throws where there is none; `fits` says whether a text is the one that is meant. */
export interface Documents {
  timestamp(): Promise<string>;
  snapshot(meta: MetaFile, fits: Fits): Promise<string>;
  role(name: string, meta: MetaFile, fits: Fits): Promise<string>;
  file(target: TargetFile, fits: Fits): Promise<string>;
}

/** Whether a text is what is wanted. Never throws. */
export type Fits = (text: string) => boolean;

/** The documents of an update that was kept. */
export function keptDocuments({ timestamp, snapshot, roles, files }: TufSet): Documents {
  const kept = (text: string | undefined): string => {
    if (text === undefined) throw new Error('it was not kept');
    return text;
  };
  return {
    timestamp: async () => kept(timestamp),
    snapshot: async () => kept(snapshot),
    role: async (role) => kept(roles.find(([name]) => name === role)?.[1]),
    file: async ({ path }) => kept(files.find(([name]) => name === path)?.[1]),
  };
}

/** The documents of a repository, but for those that are here already. */
export function remoteDocuments(get: TufGet, { signed }: Metadata<Root>, here: readonly TufSet[]): Documents {
  const must = async (path: string, maxBytes: number): Promise<string> => {
    const text = await textOf(get, path, maxBytes);
    if (text === undefined) throw new Error(`the repository has no ${path}`);
    return text;
  };
  const metadata = (role: string, { version, length }: MetaFile, maxBytes: number): Promise<string> => {
    const name = `${encodeURIComponent(role)}.json`;
    return must(signed.consistentSnapshot ? `${version}.${name}` : name, Math.min(length ?? maxBytes, maxBytes));
  };
  return {
    timestamp: () => must('timestamp.json', MAX_METADATA_BYTES.timestamp),
    snapshot: async (meta, fits) => {
      const known = here.flatMap(({ snapshot }) => snapshot ?? []).find(fits);
      return known ?? metadata('snapshot', meta, MAX_METADATA_BYTES.snapshot);
    },
    role: async (role, meta, fits) => {
      const known = here.flatMap(({ roles }) => roles).find(([name, text]) => name === role && fits(text));
      return known?.[1] ?? metadata(role, meta, MAX_METADATA_BYTES.targets);
    },
    file: async (target, fits) => {
      const known = here.flatMap(({ files }) => files).find(([name, text]) => name === target.path && fits(text));
      return known?.[1] ?? must(pathOf(target, signed), Math.min(target.length, MAX_FILE_BYTES));
    },
  };
}

/** Target files have their hash before their name (section 5.7.3). */
function pathOf(target: TargetFile, { consistentSnapshot }: Root): string {
  const end = target.path.lastIndexOf('/') + 1;
  const prefix = consistentSnapshot ? `${hashOf(target)?.hex}.` : '';
  return `targets/${target.path.slice(0, end)}${prefix}${target.path.slice(end)}`;
}

/** A document of the repository; undefined where it has none. Throws where it cannot be had, or is no text. */
export async function textOf(get: TufGet, path: string, maxBytes: number): Promise<string | undefined> {
  const got = await get(path, maxBytes);
  if (!got.ok) throw new Error(got.error);
  // A mark at its start is a part of what was hashed.
  return got.value && new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(got.value);
}
