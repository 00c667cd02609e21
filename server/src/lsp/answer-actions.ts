import { type CancellationToken, type CodeAction, MessageType, ShowMessageNotification } from 'vscode-languageserver';
import type { Finding } from '../core/finding.ts';
import { whileWanted } from './abort.ts';
import { whyNotAllowed } from './allow-name.ts';
import { allowedName } from './answer-names.ts';
import { codeActions, readActionData, resolveAction } from './code-actions.ts';
import { replaceEverywhere } from './replace-everywhere.ts';
import { cancelled, contentModified, type Session } from './session.ts';

/** Answers what can be done at a place, at once, and what it would write, with look-ups where it needs them. */
export function answerActions(session: Session): void {
  session.connection.onCodeAction((params, token) =>
    session.guard('code actions', [], async () => {
      const document = session.documents.get(params.textDocument.uri);
      const support = session.client();
      if (document === undefined || !support.literalActions) return [];
      const [context, settings] = await Promise.all([session.contextOf(document.uri), session.lookUpSettings(document.uri)]);
      const analysis = session.analyses.of(document, context);
      if (analysis === undefined || token.isCancellationRequested) return [];
      const { workspace, commands } = session;
      const refusal = whyNotAllowed({ ...settings, workspace, uri: document.uri });
      const asked = {
        document,
        analysis,
        params,
        support,
        known: session.lookUps.known(settings),
        online: settings.network !== 'off',
        commands,
        policy: { file: settings.policy, refusal },
        hasFolder: workspace.folders.length > 0,
      };
      return await whileWanted(token, (signal) => codeActions(asked, signal));
    }),
  );
  session.connection.onCodeActionResolve((action, token) => session.guard('code action', action, () => resolve(session, action, token)));
}

async function resolve(session: Session, action: CodeAction, token: CancellationToken): Promise<CodeAction> {
  const data = readActionData(action.data);
  const document = data && session.documents.get(data.uri);
  if (data === undefined) return action;
  if (document === undefined || document.version !== data.version) throw contentModified();
  const settings = await session.lookUpSettings(document.uri);
  const analysis = session.analyses.of(document, await session.contextOf(document.uri));
  if (analysis === undefined) return action;
  const progress = session.client().progress ? await session.connection.window.createWorkDoneProgress() : undefined;
  const stopped = new AbortController();
  progress?.begin('Waybill', undefined, `${action.title} …`, true);
  progress?.token.onCancellationRequested(() => stopped.abort());
  try {
    return await whileWanted(token, async (signal) => {
      const { action: resolved, problems } = await resolveAction(
        action,
        data,
        {
          document,
          analysis,
          support: session.client(),
          fetch: session.lookUps.fetch(settings),
          allow: (name) => allowedName(session, { ...name, reason: '' }),
          everywhere: (finding, signal) => everywhere(session, finding, signal),
        },
        AbortSignal.any([signal, stopped.signal]),
      );
      if (signal.aborted) throw cancelled();
      if (session.documents.get(data.uri)?.version !== data.version) throw contentModified();
      if (problems.length > 0 && !stopped.signal.aborted) tellProblems(session, problems);
      return resolved;
    });
  } finally {
    progress?.done();
  }
}

async function everywhere(session: Session, finding: Finding, signal: AbortSignal) {
  return await replaceEverywhere(
    finding,
    {
      ...session.readable(),
      contextOf: (uri) => session.contextOf(uri),
      fetchFor: async (uri) => {
        const settings = await session.lookUpSettings(uri);
        return settings.network === 'off' ? undefined : session.lookUps.fetch(settings);
      },
      onRuleError: (rule, format, error) => session.logRuleError(rule, format, error),
    },
    signal,
  );
}

/** The user asked for it, so the user is told. Not `showWarningMessage`: nobody waits for an answer. */
function tellProblems({ connection }: Session, problems: readonly string[]): void {
  const shown = problems.slice(0, 3).join(' ');
  const more = problems.length > 3 ? ` And ${problems.length - 3} more: see the log.` : '';
  for (const problem of problems) connection.console.warn(problem);
  void connection.sendNotification(ShowMessageNotification.type, { type: MessageType.Warning, message: `Waybill: ${shown}${more}` });
}
