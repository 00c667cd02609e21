import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decode } from './files.ts';

/** The largest text that is read, in bytes. */
export const MAX_CACHE_FILE_BYTES = 32 * 1024 * 1024;

/** How long a process waits for another one's write, in milliseconds; then it writes all the same. */
export const LOCK_WAIT_MS = 1_000;

/** A lock that is older than this, in milliseconds, is of a process that died. */
export const LOCK_STALE_MS = 10_000;

/** How often a waiting process looks, in milliseconds. */
const LOCK_POLL_MS = 20;

/** A folder of texts that survive sessions and crashes, and are shared by all processes of one user. */
export interface CacheFolder {
  /** What was kept under a name; undefined where there is nothing that can be read. Never rejects. */
  read(name: string): Promise<string | undefined>;
  /** Replaces a text in one step. Resolves to false where it could not be written: a full disk or a read-only folder is no error. */
  write(name: string, text: string): Promise<boolean>;
  /** The same, with no other process writing in between. */
  update(name: string, change: (text: string | undefined) => string): Promise<boolean>;
  /** Removes a text. Never rejects. */
  remove(name: string): Promise<void>;
}

/**
 * Where the caches of programs belong: `XDG_CACHE_HOME` (XDG base directory specification; relative values count as unset),
 * else the system's own place. Undefined where there is no home.
 */
export function cacheFolderPath(env: Readonly<Record<string, string | undefined>>, platform: NodeJS.Platform): string | undefined {
  const absolute = (value: string | undefined): string | undefined => (value && path.isAbsolute(value) ? value : undefined);
  const home = absolute(platform === 'win32' ? env.USERPROFILE : env.HOME);
  const fallback =
    platform === 'win32'
      ? absolute(env.LOCALAPPDATA)
      : home && (platform === 'darwin' ? path.join(home, 'Library', 'Caches') : path.join(home, '.cache'));
  const base = absolute(env.XDG_CACHE_HOME) ?? fallback;
  return base && path.join(base, 'waybill');
}

/**
 * A folder for texts; it is made, for its owner alone, with the first write. One that belongs to somebody else, or that
 * others may write to, is not used: what lies there could be made up.
 */
export function cacheFolder(folder: string): CacheFolder {
  const fileOf = (name: string): string => {
    if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(name)) throw new Error(`not a name for a text: ${name}`);
    return path.join(folder, `${name}.json`);
  };

  async function read(name: string): Promise<string | undefined> {
    const file = fileOf(name);
    try {
      if (!(await isOurs(folder))) return undefined;
      const found = await lstat(file);
      return found.isFile() && found.size <= MAX_CACHE_FILE_BYTES ? decode(await readFile(file)) : undefined;
    } catch {
      return undefined;
    }
  }

  async function replace(file: string, text: string): Promise<boolean> {
    const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await writeFile(temporary, text, { flag: 'wx', mode: 0o600 });
      await rename(temporary, file);
      return true;
    } catch {
      // A full disk, a read-only folder: the answers are asked for again.
      await rm(temporary, { force: true }).catch(() => undefined);
      return false;
    }
  }

  async function prepare(): Promise<boolean> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return await isOurs(folder);
    } catch {
      return false;
    }
  }

  return {
    read,
    write: async (name, text) => {
      const file = fileOf(name);
      return (await prepare()) && (await replace(file, text));
    },
    update: async (name, change) => {
      const file = fileOf(name);
      if (!(await prepare())) return false;
      const unlock = await lock(`${file}.lock`);
      try {
        return await replace(file, change(await read(name)));
      } finally {
        await unlock();
      }
    },
    remove: async (name) => {
      await rm(fileOf(name), { force: true }).catch(() => undefined);
    },
  };
}

/** Whether a folder belongs to this user and nobody else may write to it. Windows keeps profiles apart by itself. */
async function isOurs(folder: string): Promise<boolean> {
  const found = await stat(folder);
  if (!found.isDirectory()) return false;
  return process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o022) === 0);
}

/** Waits until no other process writes. A lock that cannot be had in time is no reason to lose what is to be written. */
async function lock(file: string): Promise<() => Promise<void>> {
  const endsAt = performance.now() + LOCK_WAIT_MS;
  while (performance.now() < endsAt) {
    try {
      await (await open(file, 'wx', 0o600)).close();
      return () => rm(file, { force: true }).catch(() => undefined);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) break;
    }
    await removeStale(file);
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
  return async () => undefined;
}

async function removeStale(file: string): Promise<void> {
  try {
    const { mtimeMs } = await lstat(file);
    if (Math.abs(Date.now() - mtimeMs) > LOCK_STALE_MS) await rm(file, { force: true });
  } catch {
    // It went away meanwhile, which is what was waited for.
  }
}
