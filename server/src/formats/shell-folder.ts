import type { Script } from '../core/script.ts';
import { folderOf, joinPath } from '../core/source-file.ts';
import type { Invocation } from './shell-invocation.ts';
import { stepsOf } from './shell-steps.ts';
import type { Pipeline } from './shell-tree.ts';

/** Where and how a command of a script runs. */
export interface Occasion {
  /**
   * The folders the command may run in, relative to the checked root, likeliest first. Empty where that cannot be
   * known. An image build knows only what its context holds, so several are possible there.
   */
  readonly folders: readonly string[];
  /** What stands before the pipeline that the command is a member of. */
  readonly joint: Pipeline['joint'];
  /** For each `if`, `case` and loop around the command, outermost first, an object that stands for it. */
  readonly compounds: readonly object[];
}

/** What a place name at the start of a path stands for. */
const WORKSPACE =
  /^(?:\$GITHUB_WORKSPACE|\$\{GITHUB_WORKSPACE\}|\$env:GITHUB_WORKSPACE|%GITHUB_WORKSPACE%|\$\{\{\s*github\.workspace\s*\}\})(?=[\\/]|$)/i;
const ACTION =
  /^(?:\$GITHUB_ACTION_PATH|\$\{GITHUB_ACTION_PATH\}|\$env:GITHUB_ACTION_PATH|\$\{\{\s*github\.action_path\s*\}\})(?=[\\/]|$)/i;
const CHANGE = new Set(['cd', 'pushd', 'chdir', 'set-location', 'push-location', 'sl']);

/** Tells of every invocation of a script, with the folders that `cd` in front of it leads to. `path` is the document's. */
export function walkInvocations(script: Script, path: string, visit: (invocation: Invocation, occasion: Occasion) => void): void {
  // What was copied to where the script runs says more than where the Dockerfile stands.
  const start = script.copied?.length ? script.copied : startFolders(script);
  let folders = start;
  const kept: (readonly string[])[] = [];
  for (const step of stepsOf(script)) {
    if (step.kind === 'enter') kept.push(folders);
    else if (step.kind === 'leave') {
      const before = kept.pop() ?? start;
      if (step.forgets) folders = before;
    } else if (CHANGE.has(step.invocation.name)) folders = changeFolder(folders, step.invocation, { script, path });
    else visit(step.invocation, { folders, joint: step.joint, compounds: step.compounds });
  }
}

/** The folders that a path names from some others. */
export function foldersAt(folders: readonly string[], name: string, { script, path }: { script: Script; path: string }): readonly string[] {
  const written = name.replaceAll('\\', '/');
  const root = WORKSPACE.exec(name)?.[0];
  if (root !== undefined) return joinAll([''], written.slice(root.length));
  const action = ACTION.exec(name)?.[0];
  if (action !== undefined) return joinAll([folderOf(path)], written.slice(action.length));
  if (/[$%~*]/.test(written) || written === '' || written === '-' || /^[a-z]:/i.test(written)) return [];
  if (!written.startsWith('/')) return joinAll(folders, written);
  if (script.place !== 'docker-run' || /^\/(?:tmp|root|var|etc|opt\/\w+)(?:\/|$)/.test(written)) return [];
  // `/app/client` of an image is `client` of its context, or the context itself.
  const parts = written.split('/', MAX_PARTS).filter((part) => part !== '');
  const tails = parts.map((_, i) => parts.slice(i + 1).join('/'));
  return startFolders(script).flatMap((start) => tails.flatMap((tail) => joinAll([start], tail)));
}

/** Paths beyond these bounds lead nowhere that is checked, and following them would cost time. */
const MAX_PARTS = 16;
const MAX_FOLDER_UNITS = 1_000;

/** An image's build context is the Dockerfile's folder or the root: it is not said which. */
function startFolders({ folder, place }: Script): readonly string[] {
  if (folder === undefined) return [];
  return place === 'docker-run' && folder !== '' ? [folder, ''] : [folder];
}

function changeFolder(folders: readonly string[], { words }: Invocation, where: { script: Script; path: string }): readonly string[] {
  const target = words.slice(1).find(({ value }) => value !== '--' && !/^(?:-[LPe]+|\/d|-path)$/i.test(value));
  return target === undefined ? [] : foldersAt(folders, target.value, where);
}

function joinAll(folders: readonly string[], name: string): readonly string[] {
  return folders.flatMap((folder) => joinPath(folder, name) ?? []).filter((folder) => folder.length <= MAX_FOLDER_UNITS);
}
