import type { Manifest } from '../core/manifest.ts';
import { formatForPath } from '../engine/formats.ts';
import { yieldToQueue } from './abort.ts';
import type { Host } from './host.ts';
import { normalise, type Workspace } from './workspace.ts';

/** How long files are worked on before requests in the queue get a turn, in ms. */
const SLICE_MS = 10;

/** Where files are looked for, and who is told of a folder that cannot be read. */
export interface WalkedWorkspace {
  readonly host: Host;
  readonly workspace: Workspace;
  readonly onUnreadable: (folder: string, reason: string) => void;
}

/** The same, with the documents that are open in it. */
export interface ReadableWorkspace extends WalkedWorkspace {
  /** An open document, with the URI that the client knows it by. */
  readonly openDocument: (uri: string) => { readonly uri: string; readonly version: number } | undefined;
}

/** A file's content as its format reads it. */
export interface ReadManifest {
  /** As the client knows it, where it is open. */
  readonly uri: string;
  /** Null where it is not open. */
  readonly version: number | null;
  readonly manifest: Manifest;
}

/** A file that a format of ours reads: its normalised URI, and the file in the host's own form. */
export interface WorkspaceFile {
  readonly uri: string;
  readonly file: string;
}

/**
 * The files of all folders, each once however folders nest, in the host's order. Between files other requests get a turn now and
 * then; `onPause` is told then. Ends early when it is cancelled.
 */
export async function* workspaceFiles(
  { host, workspace, onUnreadable }: WalkedWorkspace,
  onPause: () => void,
  signal: AbortSignal,
): AsyncGenerator<WorkspaceFile> {
  const seen = new Set<string>();
  let since = Date.now();
  for (const root of workspace.folders) {
    for (const file of host.walk(root.root, onUnreadable)) {
      if (Date.now() - since > SLICE_MS) {
        onPause();
        await yieldToQueue();
        since = Date.now();
      }
      if (signal.aborted) return;
      const uri = normalise(host.uriOf(file));
      if (seen.has(uri)) continue;
      seen.add(uri);
      yield { uri, file };
    }
  }
}

/** Reads a file of the workspace; where it is open, the document. Undefined for what cannot be read, and where no format of ours reads it. */
export async function readManifest(
  { uri, file }: WorkspaceFile,
  { host, workspace, openDocument }: ReadableWorkspace,
): Promise<ReadManifest | undefined> {
  const { root, path } = workspace.placeOf(uri);
  const format = formatForPath(path);
  const open = openDocument(uri);
  // The root gives an open document's own text.
  const manifest = open === undefined ? undefined : root.project.manifest(path);
  const text = format === undefined || manifest !== undefined ? undefined : await host.read(file);
  const parsed = manifest ?? (text?.ok === true ? format?.parse(root.document(file, text.value)) : undefined);
  return parsed && { uri: open?.uri ?? host.uriOf(file), version: open?.version ?? null, manifest: parsed };
}
