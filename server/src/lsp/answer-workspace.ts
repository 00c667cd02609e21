import { CancellationToken, ProgressType } from 'vscode-languageserver';
import type { FetchFact } from '../core/answer.ts';
import { whileWanted } from './abort.ts';
import type { Diagnostics } from './diagnostics.ts';
import { pinEverything } from './pin-everything.ts';
import {
  PIN_EVERYTHING,
  type PinAnswer,
  type PinParams,
  type PinProgress,
  REFRESH_LOOK_UPS,
  type RefreshResult,
  SCAN_WORKSPACE,
  type ScanParams,
  type ScanProgress,
  type ScanResult,
} from './protocol.ts';
import { cancelled, type Session } from './session.ts';

/** How often a request tells how far it is, in ms. */
const PROGRESS_MS = 100;

/** Answers the commands about the whole workspace: scan it, pin everything in it, look everything up again. */
export function answerWorkspaceCommands(session: Session, diagnostics: Diagnostics): void {
  const { connection } = session;
  // A request without parameters comes with the token alone.
  connection.onRequest(SCAN_WORKSPACE, (first: ScanParams | CancellationToken | null, second?: CancellationToken) => {
    const token = second ?? (CancellationToken.is(first) ? first : CancellationToken.None);
    const progressToken = first !== null && 'progressToken' in first ? first.progressToken : undefined;
    return session.guard<ScanResult | null>('scan', null, () =>
      whileWanted(token, (signal) => scan(session, diagnostics, progressToken, signal)),
    );
  });
  connection.onRequest(PIN_EVERYTHING, ({ progressToken }: PinParams, token: CancellationToken) =>
    session.guard<PinAnswer | null>('pin everything', null, () => whileWanted(token, (signal) => pinned(session, progressToken, signal))),
  );
  connection.onRequest(REFRESH_LOOK_UPS, (token: CancellationToken) =>
    session.guard<RefreshResult | null>('refresh', null, async () => {
      const result = await whileWanted(token, (signal) => lookUpAgain(session, signal));
      diagnostics.everythingChanged();
      return result;
    }),
  );
}

async function scan(
  session: Session,
  diagnostics: Diagnostics,
  progressToken: string | undefined,
  signal: AbortSignal,
): Promise<ScanResult> {
  session.host.forget();
  for (const { project } of session.workspace.folders) project.forgetAll();
  diagnostics.everythingChanged();
  const tell = teller(session, progressToken, Date.now());
  const results = await diagnostics.scanner.scan(signal, (files) => tell({ files }));
  if (signal.aborted) throw cancelled();
  const count = (severity: number) =>
    results.reduce((sum, { diagnosed }) => sum + diagnosed.items.filter((item) => item.severity === severity).length, 0);
  const unknown = results.reduce((sum, result) => sum + result.unknown, 0);
  return { files: results.length, error: count(1), warning: count(2), info: count(3), hint: count(4), unknown };
}

async function pinned(session: Session, progressToken: string | undefined, signal: AbortSignal): Promise<PinAnswer> {
  const fetchers = new Map<string, FetchFact>();
  const plan = await pinEverything(
    {
      ...session.readable(),
      contextOf: (uri) => session.contextOf(uri),
      fetchFor: async (uri) => {
        const settings = await session.lookUpSettings(uri);
        const id = JSON.stringify([settings.network, settings.githubServerUrl]);
        const fetch = fetchers.get(id) ?? session.lookUps.fetch(settings);
        fetchers.set(id, fetch);
        return fetch;
      },
      onRuleError: (rule, format, error) => session.logRuleError(rule, format, error),
    },
    teller(session, progressToken, 0),
    signal,
  );
  if (signal.aborted) throw cancelled();
  return plan;
}

async function lookUpAgain(session: Session, signal: AbortSignal): Promise<RefreshResult> {
  const sum = { asked: 0, unknown: 0 };
  const settings = await Promise.all(session.documents.all().map(({ uri }) => session.lookUpSettings(uri)));
  for (const one of settings) await session.lookUps.forget(one);
  // What two documents want under the same settings is asked for with the first of them.
  for (const one of settings) {
    const { asked, unknown } = await session.lookUps.askAgain(one, signal);
    sum.asked += asked;
    sum.unknown += unknown;
  }
  return sum;
}

/** Tells the client how far a request is, now and then; `told` is when it was told last, in ms since 1970. */
function teller({ connection }: Session, progressToken: string | undefined, told: number) {
  let last = told;
  return (step: ScanProgress | PinProgress) => {
    if (progressToken === undefined || Date.now() - last < PROGRESS_MS) return;
    last = Date.now();
    void connection.sendProgress(new ProgressType<ScanProgress | PinProgress>(), progressToken, step);
  };
}
