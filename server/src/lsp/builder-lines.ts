import type { AttestationVerdict } from '../core/provenance.ts';
import { type CardLine, codeLine, textLine, unknownLine } from './card.ts';

/** Sigstore's public log, as its trust root has it, and the page that shows an entry of it by its number. */
const PUBLIC_LOG_URL = 'https://rekor.sigstore.dev';
const ENTRY_PAGE = 'https://search.sigstore.dev/?logIndex=';

/** Runners that belong to the platform which vouches for the signer (Fulcio, oid-info.md, "Runner Environment"). */
const HOSTED: ReadonlySet<string> = new Set(['github-hosted', 'gitlab-hosted']);

/** What built it, by the statement, and which level of SLSA that supports by the certificate. */
export function builderLines({ builder, identity, verdict }: AttestationVerdict): CardLine[] {
  const lines = builder === undefined ? [] : [codeLine('Builder', builder, 'by the statement, which the signer wrote')];
  return verdict === 'proven' ? [...lines, levelLine(identity?.runner)] : lines;
}

/** SLSA 1.0, "Build levels". Neither statement nor certificate names a level: it follows from who signed, and where. */
function levelLine(runner: string | undefined): CardLine {
  const label = 'Build level';
  if (runner === undefined) return unknownLine(label, 'the certificate does not say whose runner it was');
  if (HOSTED.has(runner)) return textLine(label, "SLSA Build L2 fits (signed, on the platform's own runner), and no more is shown");
  return runner === 'self-hosted'
    ? textLine(label, 'SLSA Build L1 fits (whose machine the runner was, nothing shows)')
    : unknownLine(label, 'this version does not know such a runner');
}

/** The entry in the transparency log; it leads to its page where the public log has promised this very number. */
export function entryLine({ logIndex, logUrl }: AttestationVerdict): CardLine[] {
  if (logIndex === undefined) return [];
  const isPublic = logUrl?.replace(/\/$/, '') === PUBLIC_LOG_URL && /^\d{1,20}$/.test(logIndex);
  const line = codeLine('Log entry', logIndex, isPublic ? "in Sigstore's public log" : 'in the transparency log');
  return [isPublic ? { ...line, link: `${ENTRY_PAGE}${logIndex}` } : line];
}
