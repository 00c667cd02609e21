import type { CancellationToken } from 'vscode-languageserver';
import { whileWanted } from './abort.ts';
import { allowName } from './allow-name.ts';
import { comparePage } from './compare-names.ts';
import { ALLOW_NAME, type AllowAnswer, type AllowParams, COMPARE_NAMES, type CompareAnswer, type CompareParams } from './protocol.ts';
import { cancelled, type Session } from './session.ts';

/** Answers the requests about names that look like others: allow one, or put it beside the one that it looks like. */
export function answerNames(session: Session): void {
  const { connection } = session;
  const failed = { failed: 'It failed; the log says why.' };
  connection.onRequest<AllowAnswer, void>(ALLOW_NAME, (params: AllowParams) =>
    session.guard<AllowAnswer>('allow a name', failed, () => allowedName(session, params)),
  );
  connection.onRequest<CompareAnswer, void>(COMPARE_NAMES, (params: CompareParams, token: CancellationToken) =>
    session.guard<CompareAnswer>('compare names', failed, () => compareNames(session, params, token)),
  );
}

/** Writes a name into the policy as allowed; an answer with `failed` says why that cannot be. */
export async function allowedName(session: Session, { textDocument: { uri }, ecosystem, name, reason }: AllowParams): Promise<AllowAnswer> {
  const { host, workspace } = session;
  await host.ready();
  const { policy, trusted } = await session.lookUpSettings(uri);
  const openDocument = (wanted: string) => session.openDocument(wanted);
  return await allowName({ ecosystem, name, reason }, { host, workspace, uri, policy, trusted, support: session.client(), openDocument });
}

async function compareNames(session: Session, params: CompareParams, token: CancellationToken): Promise<CompareAnswer> {
  await session.lookalikes.load();
  const lookalikes = session.lookalikes.list;
  if (typeof lookalikes === 'string') return { failed: 'The list of well-known names cannot be read; install Waybill again.' };
  const fetch = session.lookUps.fetch(await session.lookUpSettings(params.textDocument.uri));
  return await whileWanted(token, async (signal) => {
    const answer = await comparePage(params, { workspace: session.workspace, lookalikes, fetch }, signal);
    if (signal.aborted) throw cancelled();
    return answer;
  });
}
