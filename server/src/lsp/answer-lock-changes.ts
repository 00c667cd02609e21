import type { CancellationToken } from 'vscode-languageserver';
import { isLockfileName } from '../formats/lock-model.ts';
import { whileWanted } from './abort.ts';
import { changeLens, LockChanges, SETTLE_MS } from './lock-change.ts';
import { type DocumentStatusParams, LOCKFILE_CHANGE, type LockfileChange } from './protocol.ts';
import { cancelled, type Session } from './session.ts';

/** Answers what an open lockfile changes against the last commit: as a request, and as a lens on its first line. */
export function answerLockChanges(session: Session): void {
  const { connection, documents } = session;
  const changes = new LockChanges();
  documents.onDidClose(({ document }) => changes.forget(document.uri));
  connection.onRequest<LockfileChange | null, void>(LOCKFILE_CHANGE, ({ textDocument }: DocumentStatusParams, token: CancellationToken) =>
    session.guard<LockfileChange | null>(
      'lockfile change',
      null,
      async () => (await lockChange(session, changes, textDocument.uri, token)) ?? null,
    ),
  );
  connection.onCodeLens(({ textDocument: { uri } }, token) =>
    session.guard('code lens', null, async () => {
      const version = documents.get(uri)?.version;
      if (version === undefined || !isLockfileName(uri.slice(uri.lastIndexOf('/') + 1))) return null;
      if (!(await session.lookUpSettings(uri)).codeLens) return null;
      // Nothing is compared while somebody types: each key asks anew, and cancels what was asked before.
      await new Promise((done) => setTimeout(done, SETTLE_MS));
      if (token.isCancellationRequested || documents.get(uri)?.version !== version) throw cancelled();
      return changeLens(await lockChange(session, changes, uri, token), uri, session.commands);
    }),
  );
}

async function lockChange(
  session: Session,
  changes: LockChanges,
  uri: string,
  token: CancellationToken,
): Promise<LockfileChange | undefined> {
  const { host } = session;
  const document = session.documents.get(uri);
  const file = host.fileOf(uri);
  const analysis = document && session.analyses.of(document, await session.contextOf(uri));
  if (analysis === undefined || file === undefined) return undefined;
  const headText = (signal: AbortSignal) => host.headText(file, signal);
  return await whileWanted(token, (signal) => changes.of({ uri, manifest: analysis.manifest, headText }, signal));
}
