import { realpathSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { URI } from 'vscode-uri';
import type { FetchFact } from '../core/answer.ts';
import { fail } from '../core/result.ts';
import { diskRoot, gitHubParent } from '../disk/disk-root.ts';
import { readTextFile } from '../disk/files.ts';
import { readLookalikeList } from '../disk/lookalike-list.ts';
import { toSlashes, walk } from '../disk/walk.ts';
import type { ConnectOptions, Host } from './host.ts';

/** A machine with a disk and a network. Files are absolute paths in the system's form. */
export function nodeHost(env: NodeJS.ProcessEnv): Host {
  return {
    network: {
      env,
      connect: (options) => connectOnDemand(env, options),
    },
    // The disk is read when it is asked.
    ready: async () => undefined,
    changed: async () => undefined,
    forget: () => undefined,
    release: () => undefined,
    fileOf(uri) {
      const parsed = URI.parse(uri);
      return parsed.scheme === 'file' ? parsed.fsPath : undefined;
    },
    uriOf: (file) => pathToFileURL(file).href,
    // A loose file's own folder, or the repository's where the file stands in its `.github`.
    looseFolder: (file) => gitHubParent(file) ?? path.dirname(file),
    pathBelow(folder, file) {
      const relative = path.relative(folder, file);
      return relative === '' || leadsOut(relative) ? undefined : toSlashes(relative);
    },
    fileBelow(folder, name) {
      const file = path.resolve(folder, name);
      return leadsOut(path.relative(folder, file)) ? undefined : file;
    },
    root: diskRoot,
    *walk(folder, onUnreadable) {
      for (const { file } of walk(folder, { root: folder, onUnreadable })) yield file;
    },
    readLookalikes: async () => readLookalikeList(realpathSync(process.argv[1] ?? '.')),
    async read(file) {
      const text = readTextFile(file);
      return text.ok ? text : fail(text.error.reason);
    },
  };
}

/** Look-ups whose code is read with the first of them: until then the server has nothing that could open a connection. */
function connectOnDemand(env: NodeJS.ProcessEnv, options: ConnectOptions): FetchFact {
  let fetch: Promise<FetchFact> | undefined;
  return async (kind, key, signal) => {
    fetch ??= import('../sources/index.ts').then(({ createSources }) => createSources({ online: true, env, ...options }).fetchFact);
    return await (await fetch)(kind, key, signal);
  };
}

function leadsOut(relative: string): boolean {
  return relative.startsWith('..') || path.isAbsolute(relative);
}
