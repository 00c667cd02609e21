import type { DocumentStatus, Status } from '../../server/src/lsp/protocol.ts';

/** What the server is doing. */
export type ServerState =
  | { readonly kind: 'stopped' }
  /** `again`: after it ended unasked. */
  | { readonly kind: 'starting'; readonly again: boolean }
  | { readonly kind: 'running'; readonly status: Status }
  | { readonly kind: 'failed'; readonly message: string };

/** How many findings of each severity a document has. */
export interface Counts {
  readonly error: number;
  readonly warning: number;
  readonly info: number;
  readonly hint: number;
}

/** What the document in front of the user has, as far as it is known yet. */
export interface DocumentFacts {
  readonly counts: Counts;
  readonly unknown: DocumentStatus['unknown'];
}

/** What the status item shows; `detail` may be empty. `action` is what a click does. */
export interface Shown {
  readonly text: string;
  readonly detail: string;
  readonly severity: 'information' | 'warning' | 'error';
  readonly busy: boolean;
  readonly action: 'showProblems' | 'showLog' | 'restart';
}

/** What the status item says about the server and the active document. What was not checked is never shown as clean. */
export function statusText(state: ServerState, document: DocumentFacts | undefined): Shown {
  const idle = { text: 'Waybill', severity: 'information', busy: false, action: 'showLog' } as const;
  switch (state.kind) {
    case 'stopped':
      return { ...idle, detail: 'starts with the first manifest' };
    case 'starting':
      return { ...idle, detail: state.again ? 'starting again, because the language server ended' : 'starting', busy: true };
    case 'failed':
      return { text: 'Waybill does not run', detail: state.message, severity: 'error', busy: false, action: 'restart' };
    case 'running':
      return running(state.status, document);
  }
}

function running({ lookUps, failure }: Status, document: DocumentFacts | undefined): Shown {
  const findings = document === undefined ? [] : shortCounts(document.counts);
  const unknown = document?.unknown ?? [];
  const parts = document === undefined ? [] : [findings.join(', ') || 'no findings', ...unknownText(unknown)];
  const shown = {
    text: parts.length === 0 ? 'Waybill' : `Waybill: ${parts.join(' · ')}`,
    action: findings.length > 0 ? 'showProblems' : 'showLog',
    severity: 'information',
    busy: false,
  } as const;
  if (lookUps > 0) return { ...shown, detail: `${plural(lookUps, 'look-up')} under way`, busy: true };
  if (failure !== undefined) return { ...shown, detail: failure, severity: 'warning', action: 'showLog' };
  // VS Code cuts the line off at the width of its popup, so nothing is said that need not be.
  return { ...shown, detail: '' };
}

/** The same in few words: where there is something grave, the rest is only counted. */
function shortCounts({ error, warning, info, hint }: Counts): string[] {
  const more = info + hint;
  if (error + warning === 0 || more === 0) return countsText({ error, warning, info, hint });
  return [...countsText({ error, warning, info: 0, hint: 0 }), `${more} more`];
}

/** How many findings there are, severity by severity; empty where there is none. */
export function countsText({ error, warning, info, hint }: Counts): string[] {
  const all: [number, string][] = [
    [error, 'error'],
    [warning, 'warning'],
    [info, 'info'],
    [hint, 'hint'],
  ];
  return all.filter(([count]) => count > 0).map(([count, word]) => plural(count, word));
}

function unknownText(unknown: DocumentStatus['unknown']): string[] {
  const count = unknown.reduce((sum, one) => sum + one.count, 0);
  return count === 0 ? [] : [`${count} unknown: ${unknown.map(({ why }) => REASONS[why]).join(', ')}`];
}

/** Why something is unknown, in few words. */
const REASONS: Readonly<Record<DocumentStatus['unknown'][number]['why'], string>> = {
  pending: 'look-up under way',
  offline: 'not looked up',
  timeout: 'no answer in time',
  denied: 'access refused',
  untrusted: 'workspace not trusted',
  error: 'look-up failed',
  unparsable: 'unreadable',
  'too-large': 'too large',
};

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
