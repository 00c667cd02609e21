import { whileWanted, yieldToQueue } from './abort.ts';
import { documentLinks } from './document-links.ts';
import { documentStatus } from './document-status.ts';
import { hover } from './hover.ts';
import { inlayHints } from './inlay-hints.ts';
import { DOCUMENT_STATUS, type DocumentStatus, type DocumentStatusParams } from './protocol.ts';
import type { Session } from './session.ts';

/** Answers what an open document shows besides its diagnostics: hovers, hints, links, and its line in the status bar. */
export function answerDocuments(session: Session): void {
  const { connection, documents, lookUps } = session;
  connection.onHover((params, token) =>
    session.guard('hover', null, async () => {
      const document = documents.get(params.textDocument.uri);
      if (document === undefined) return null;
      await yieldToQueue();
      const context = await session.contextOf(document.uri);
      const analysis = session.analyses.of(document, context);
      if (analysis === undefined || token.isCancellationRequested) return null;
      const offset = document.offsetAt(params.position);
      const { project } = session.workspace.placeOf(document.uri).root;
      const fetch = lookUps.forHover(await session.lookUpSettings(document.uri));
      const { version } = document;
      const analysedAgain = () => (document.version === version ? session.analyses.of(document, context) : undefined);
      const { markdownHover: markdown } = session.client();
      const demands = context.policy.provenance;
      const asked = { document, analysis, analysedAgain, project, offset, markdown, fetch, demands };
      return (await whileWanted(token, (signal) => hover(asked, signal))) ?? null;
    }),
  );
  connection.languages.inlayHint.on((params, token) =>
    session.guard('inlay hints', null, async () => {
      const found = await session.analysisOf(params.textDocument.uri);
      if (found === undefined || !found.settings.inlayHints || token.isCancellationRequested) return null;
      return inlayHints(found.analysis, params.range, lookUps.shown(found.settings));
    }),
  );
  connection.onDocumentLinks((params, token) =>
    session.guard('links', null, async () => {
      const found = await session.analysisOf(params.textDocument.uri);
      if (found === undefined || token.isCancellationRequested) return null;
      return documentLinks(found.analysis, lookUps.serverUrl(found.settings));
    }),
  );
  connection.onRequest(DOCUMENT_STATUS, ({ textDocument }: DocumentStatusParams) =>
    session.guard<DocumentStatus | null>('document status', null, async () => {
      const document = documents.get(textDocument.uri);
      const analysis = document && session.analyses.of(document, await session.contextOf(document.uri));
      return analysis === undefined ? null : documentStatus(analysis);
    }),
  );
}
