import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { URI } from 'vscode-uri';
import { fail } from '../core/result.ts';
import { diskRoot, gitHubParent } from '../disk/disk-root.ts';
import { readTextFile } from '../disk/files.ts';
import { toSlashes, walk } from '../disk/walk.ts';
import { DEFAULT_SERVER_URL } from '../sources/git-refs.ts';
import { createSources } from '../sources/index.ts';
import type { Host } from './host.ts';

/** A machine with a disk and a network. Files are absolute paths in the system's form. */
export function nodeHost(env: NodeJS.ProcessEnv): Host {
  return {
    network: {
      env,
      defaultServerUrl: DEFAULT_SERVER_URL,
      connect: (options) => createSources({ online: true, env, ...options }).fetchFact,
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
    async read(file) {
      const text = readTextFile(file);
      return text.ok ? text : fail(text.error.reason);
    },
  };
}

function leadsOut(relative: string): boolean {
  return relative.startsWith('..') || path.isAbsolute(relative);
}
