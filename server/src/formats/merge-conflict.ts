import { type Span, span } from '../core/span.ts';
import type { LockEntry, LockFile } from './lock-model.ts';

/** A marker line that git left (git documentation, "git merge", "How conflicts are presented"). The span has no line end. */
export interface ConflictMarker {
  readonly kind: 'ours' | 'base' | 'theirs' | 'end';
  readonly span: Span;
}

const KINDS: ReadonlyMap<string, ConflictMarker['kind']> = new Map([
  ['<', 'ours'],
  ['|', 'base'],
  ['=', 'theirs'],
  ['>', 'end'],
]);

/** All marker lines of a text, in document order. Seven signs at a line's start, then its end or a blank. */
export function conflictMarkers(text: string): ConflictMarker[] {
  if (!text.includes('<<<<<<<') && !text.includes('=======') && !text.includes('>>>>>>>')) return [];
  return [...text.matchAll(/^\ufeff?(?:<{7}|\|{7}|={7}|>{7})(?=[ \t]|$)[^\r\n]*/gm)].map((match) => {
    const bom = match[0].startsWith('\ufeff') ? 1 : 0;
    const kind = KINDS.get(match[0][bom] ?? '') ?? 'ours';
    return { kind, span: span(match.index + bom, match.index + match[0].length) };
  });
}

/** The marker that each conflict starts with. A marker whose start somebody removed counts as a conflict of its own. */
export function conflictStarts(text: string): ConflictMarker[] {
  const starts: ConflictMarker[] = [];
  let open = false;
  for (const marker of conflictMarkers(text)) {
    if (marker.kind === 'ours' || !open) starts.push(marker);
    open = marker.kind !== 'end';
  }
  return starts;
}

/** Whether a problem at this offset is one of a marker: the offset's line is one. */
export function isAtConflict(text: string, offset: number): boolean {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const feed = text.indexOf('\n', start);
  return conflictMarkers(text.slice(start, feed < 0 ? text.length : feed)).length > 0;
}

/**
 * The text as each side of its conflicts has it; undefined for a text without conflicts. What is not the side's is
 * blanked, so that every offset stays what it was.
 */
export function sidesOf(text: string): readonly [ours: string, theirs: string] | undefined {
  const markers = conflictMarkers(text);
  if (markers.length === 0) return undefined;
  return [sideOf(text, markers, 'ours'), sideOf(text, markers, 'theirs')];
}

function sideOf(text: string, markers: readonly ConflictMarker[], side: 'ours' | 'theirs'): string {
  let result = '';
  let at = 0;
  let kept = true;
  for (const marker of markers) {
    const before = text.slice(at, marker.span.start);
    result += (kept ? before : blank(before)) + blank(text.slice(marker.span.start, marker.span.end));
    at = marker.span.end;
    kept = marker.kind === 'end' || marker.kind === side;
  }
  return result + (kept ? text.slice(at) : blank(text.slice(at)));
}

function blank(text: string): string {
  return text.replace(/[^\r\n]/g, ' ');
}

/**
 * Both sides of a conflict as one lockfile: all entries of ours, and those of theirs that say something else. What the
 * project asks for is unknown, and so is what is installed for it where the sides differ.
 */
export function bothSides(ours: LockFile, theirs: LockFile): LockFile {
  const known = new Set(ours.entries.map(identityOf));
  const owners = ours.entries.map((entry) => ({ lock: ours, entry }));
  for (const entry of theirs.entries) if (!known.has(identityOf(entry))) owners.push({ lock: theirs, entry });
  const ownerOf = ({ index }: LockEntry) => owners[index];
  const entries = owners.map(({ entry }, index) => (entry.index === index ? entry : { ...entry, index }));
  return {
    manager: ours.manager,
    lockfileVersion: ours.lockfileVersion ?? theirs.lockfileVersion,
    importers: [],
    entries,
    requestsOf(entry) {
      const owner = ownerOf(entry);
      return owner?.lock.requestsOf(owner.entry) ?? [];
    },
    locked(importer, name, spec) {
      const entry = ours.locked(importer, name, spec);
      const other = theirs.locked(importer, name, spec);
      if (entry === undefined || other === undefined || identityOf(entry) !== identityOf(other)) return undefined;
      return entries[entry.index];
    },
    spanOf(entry, field) {
      const owner = ownerOf(entry);
      return (owner?.lock ?? ours).spanOf(owner?.entry ?? entry, field);
    },
  };
}

function identityOf({ key, version, resolved, integrity, checksum }: LockEntry): string {
  return JSON.stringify([key, version, resolved, integrity, checksum]);
}
