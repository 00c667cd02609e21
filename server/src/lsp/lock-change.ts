import type { CodeLens } from 'vscode-languageserver';
import type { HeadText } from '../core/head-text.ts';
import type { Manifest } from '../core/manifest.ts';
import { markdown } from '../core/untrusted.ts';
import { formatForPath } from '../engine/formats.ts';
import { asLockFile, type LockFile } from '../formats/lock-model.ts';
import { type LockfileChange, SHOW_LOCKFILE_CHANGE } from './protocol.ts';

/** How long a lockfile must rest before its lens is computed, in ms: nothing of it is done while somebody types. */
export const SETTLE_MS = 500;

/** What is compared: an open lockfile's manifest, and how the last commit's text is had. */
export interface ChangeQuestion {
  readonly uri: string;
  readonly manifest: Manifest;
  headText(signal: AbortSignal): Promise<HeadText>;
}

/** Compares open lockfiles with the last commit. Of each file only the model of that commit is kept, until it is closed. */
export class LockChanges {
  readonly #kept = new Map<string, { readonly commit: string; readonly model: LockFile | undefined }>();

  /** What is different; undefined where the document is no lockfile. */
  async of({ uri, manifest, headText }: ChangeQuestion, signal: AbortSignal): Promise<LockfileChange | undefined> {
    const after = asLockFile(manifest);
    if (after === undefined) return undefined;
    const { path } = manifest.file;
    const unknown = (reason: string): LockfileChange => ({
      state: 'unknown',
      reason,
      document: `What ${markdown(path)} brings in is not known: ${markdown(reason)}.\n`,
    });
    if (manifest.problems.length > 0) return unknown('the file cannot be read to its end');
    const head = await headText(signal);
    if (head.state === 'unknown') return unknown(head.reason);
    const before = head.state === 'absent' ? undefined : this.#modelOf(uri, manifest, head);
    if (before === undefined && head.state === 'known') return unknown('the file of the last commit cannot be read to its end');
    const { reportChange } = await import('./lock-change-report.ts');
    return reportChange(before, after, { path, commit: head.commit, isNew: head.state === 'absent' });
  }

  /** A document was closed. */
  forget(uri: string): void {
    this.#kept.delete(uri);
  }

  /** A commit never changes, so what was read of it is true as long as it is the last one. */
  #modelOf(uri: string, { file }: Manifest, { commit, text }: HeadText & { readonly state: 'known' }): LockFile | undefined {
    const kept = this.#kept.get(uri);
    if (kept?.commit === commit) return kept.model;
    const parsed = formatForPath(file.path)?.parse({ ...file, text, version: 0 });
    const model = parsed === undefined || parsed.problems.length > 0 ? undefined : asLockFile(parsed);
    this.#kept.set(uri, { commit, model });
    return model;
  }
}

/** The summary over the first line; nothing where nothing changed or nothing is known. `commands`: whether the client runs ours. */
export function changeLens(change: LockfileChange | undefined, uri: string, commands: boolean): CodeLens[] {
  if (change?.state !== 'known' || change.isEmpty) return [];
  const position = { line: 0, character: 0 };
  const command = commands
    ? { title: change.summary, command: SHOW_LOCKFILE_CHANGE, arguments: [uri] }
    : { title: change.summary, command: '' };
  return [{ range: { start: position, end: position }, command }];
}
