import { EMPTY_STATE, type TufKept, type TufSet, type TufState } from './state.ts';

/** The version of what is written. A file of any other is as good as none. */
const VERSION = 1;

/** What is kept of the repository at an address, as text. */
export function keptText(kept: TufKept, address: string): string {
  return JSON.stringify({ version: VERSION, address, ...kept });
}

/** What was kept of the repository at an address; undefined where it is none of ours, or of another one. Nothing of it is verified. */
export function readKept(text: string, address: string): TufKept | undefined {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { version, address: of, triedAt, problem, state } = membersOf(root);
  if (version !== VERSION || of !== address || typeof triedAt !== 'number') return undefined;
  return { state: readState(state) ?? EMPTY_STATE, triedAt, ...(isText(problem) ? { problem } : {}) };
}

/** A state as it lay in a file; undefined where it is none. Only its shape is checked: what its texts say is verified with signatures. */
function readState(value: unknown): TufState | undefined {
  const { roots, good, seen } = membersOf(value);
  const seenSet = setOf(seen);
  if (!Array.isArray(roots) || !roots.every(isText) || seenSet === undefined) return undefined;
  const goodSet = good === undefined ? undefined : setOf(good);
  const { at } = membersOf(good);
  const kept = goodSet !== undefined && typeof at === 'number' && isTime(at) ? { good: { ...goodSet, at } } : {};
  if (roots.length === 0 && kept.good === undefined && isEmpty(seenSet)) return EMPTY_STATE;
  return { roots, ...kept, seen: seenSet };
}

function setOf(value: unknown): TufSet | undefined {
  const { timestamp, snapshot, roles, files } = membersOf(value);
  if (!areNamed(roles) || !areNamed(files)) return undefined;
  return { ...(isText(timestamp) ? { timestamp } : {}), ...(isText(snapshot) ? { snapshot } : {}), roles, files };
}

function isEmpty({ timestamp, snapshot, roles, files }: TufSet): boolean {
  return timestamp === undefined && snapshot === undefined && roles.length === 0 && files.length === 0;
}

function areNamed(value: unknown): value is TufSet['roles'] {
  return Array.isArray(value) && value.every((one: unknown) => Array.isArray(one) && one.length === 2 && one.every(isText));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** What a date can be made of. */
function isTime(value: number): boolean {
  return Math.abs(value) <= 8.64e15;
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
