import * as vscode from 'vscode';
import { DOCUMENT_PATTERNS } from './patterns.generated.ts';
import type { ServerHandle, ServerState } from './server-handle.ts';

/** The entry in the language status of documents that we read: what is being looked up, and what went wrong. */
export function registerStatus(server: ServerHandle): vscode.Disposable {
  const item = vscode.languages.createLanguageStatusItem(
    'waybill.status',
    DOCUMENT_PATTERNS.globs.map((pattern) => ({ pattern })),
  );
  item.name = 'Waybill';
  const show = (state: ServerState) => {
    const { text, detail, severity, busy } = describe(state);
    item.text = text;
    item.detail = detail;
    item.severity = severity;
    item.busy = busy;
    item.command =
      state.kind === 'failed' ? { title: 'Restart', command: 'waybill.restart' } : { title: 'Show Log', command: 'waybill.showLog' };
  };
  show(server.state);
  return vscode.Disposable.from(item, server.onDidChange(show));
}

interface Shown {
  readonly text: string;
  readonly detail: string;
  readonly severity: vscode.LanguageStatusSeverity;
  readonly busy: boolean;
}

function describe(state: ServerState): Shown {
  const { Information, Warning, Error: Failed } = vscode.LanguageStatusSeverity;
  switch (state.kind) {
    case 'stopped':
      return { text: 'Waybill', detail: 'starts with the first manifest', severity: Information, busy: false };
    case 'starting':
      return { text: 'Waybill', detail: 'starting', severity: Information, busy: true };
    case 'failed':
      return { text: 'Waybill did not start', detail: state.message, severity: Failed, busy: false };
    case 'running': {
      const { lookUps, failure } = state.status;
      if (lookUps > 0)
        return { text: 'Waybill', detail: `${lookUps} look-up${lookUps === 1 ? '' : 's'} under way`, severity: Information, busy: true };
      if (failure !== undefined) return { text: 'Waybill: unknown', detail: failure, severity: Warning, busy: false };
      return { text: 'Waybill', detail: 'watching dependencies', severity: Information, busy: false };
    }
  }
}
