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
