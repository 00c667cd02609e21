import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { URI } from 'vscode-uri';
import { noCredentials } from '../core/image-credential.ts';
import { fail } from '../core/result.ts';
import { cacheFolderPath } from '../disk/cache-folder.ts';
import { diskRoot, gitHubParent } from '../disk/disk-root.ts';
import { readTextFile } from '../disk/files.ts';
import { readLookalikeList } from '../disk/lookalike-list.ts';
import { toSlashes, walk } from '../disk/walk.ts';
import type { Sources } from '../sources/index.ts';
import type { ConnectOptions, FactSource, Host } from './host.ts';

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
    async headText(file, signal) {
      // Read with the first question: hardly any session asks.
      const { headText } = await import('../disk/git-objects.ts');
      return await headText(file, signal);
    },
  };
}

/** Look-ups whose code is read with the first of them: until then the server has nothing that could open a connection. */
function connectOnDemand(
  env: NodeJS.ProcessEnv,
  { cacheFolder: given, trusted, credentialHelpers, ...options }: ConnectOptions,
): FactSource {
  const folder = given ?? cacheFolderPath(env, process.platform);
  let sources: Promise<Sources> | undefined;
  const connected = (): Promise<Sources> => {
    sources ??= import('./on-demand.ts').then(
      ({ cacheFolder, createSources, dockerCredentials, npmRegistries, packageVerifier, SIGSTORE }) => {
        const storage = folder === undefined ? undefined : cacheFolder(folder);
        const credentials = trusted
          ? dockerCredentials({ env, helpers: credentialHelpers })
          : noCredentials('the workspace is not trusted');
        const registryOf = npmRegistries({ env, trusted });
        return createSources({
          online: true,
          env,
          registryOf,
          credentials,
          verifier: packageVerifier,
          trustRootFrom: SIGSTORE,
          storage,
          ...options,
        });
      },
    );
    return sources;
  };
  return {
    fetch: async (kind, key, signal) => (await connected()).fetchFact(kind, key, signal),
    fetchFresh: async (kind, key, signal) => (await connected()).fetchFresh(kind, key, signal),
    // Where nothing was ever kept, the code that could read it is not read either.
    kept: async (kind, key, signal) => {
      const kinds = kind.partOf === undefined ? [kind.id] : [kind.id, kind.partOf.id];
      const isKept = folder !== undefined && kinds.some((id) => existsSync(path.join(folder, `${id}.json`)));
      return sources === undefined && !isKept ? undefined : (await connected()).keptFact(kind, key, signal);
    },
    forget: async () => (await connected()).forget(),
    close: async () => (await sources)?.close(),
  };
}

function leadsOut(relative: string): boolean {
  return relative.startsWith('..') || path.isAbsolute(relative);
}
