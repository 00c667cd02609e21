import type { IgnoreMarker } from '../core/manifest.ts';
import type { Span } from '../core/span.ts';
import type { LineIndex } from '../core/text.ts';

/**
 * What other tools' markers stand for here (rules.md, "Ignoring"). A name that is missing silences nothing of ours.
 * Sources: the audit list of zizmor's documentation, the rule list of hadolint's README, ratchet's README.
 */
const ZIZMOR: Readonly<Record<string, readonly string[]>> = {
  'unpinned-uses': ['actions/unpinned', 'actions/branch-ref', 'actions/missing-ref', 'actions/short-sha'],
  'stale-action-refs': ['actions/untagged-commit'],
  'ref-version-mismatch': ['actions/comment-mismatch', 'actions/comment-floating'],
  'ref-confusion': ['actions/ref-ambiguous'],
  'impostor-commit': ['actions/commit-unknown'],
  'known-vulnerable-actions': ['actions/vulnerable', 'actions/malicious'],
  'archived-uses': ['actions/archived'],
  'forbidden-uses': ['actions/not-allowed'],
  obfuscation: ['actions/obscured-path'],
  'unpinned-images': ['image/unpinned', 'image/latest'],
  'excessive-permissions': ['workflow/permissions-missing', 'workflow/permissions-broad'],
  'undocumented-permissions': ['workflow/permissions-broad'],
  'dangerous-triggers': ['workflow/untrusted-checkout', 'workflow/privileged-trigger'],
  'secrets-inherit': ['workflow/secrets-inherited'],
  'overprovisioned-secrets': ['workflow/secrets-inherited'],
  'hardcoded-container-credentials': ['workflow/literal-credential'],
  artipacked: ['workflow/credentials-persisted'],
  'template-injection': ['workflow/template-injection'],
  'cache-poisoning': ['workflow/cache-poisoning'],
  'github-env': ['workflow/environment-injection'],
  'bot-conditions': ['workflow/bot-condition'],
  'use-trusted-publishing': ['workflow/long-lived-publish-token'],
  'adhoc-packages': ['run/adhoc-package'],
  'dependabot-cooldown': ['dependabot/cooldown-missing', 'dependabot/cooldown-invalid'],
  'dependabot-execution': ['dependabot/external-code'],
};

const HADOLINT: Readonly<Record<string, readonly string[]>> = {
  DL3006: ['image/latest'],
  DL3007: ['image/latest'],
  DL3013: ['run/adhoc-package'],
  DL3016: ['run/adhoc-package'],
  DL3020: ['docker/add-unverified'],
  DL3022: ['docker/stage-variable'],
  DL3026: ['image/registry-not-allowed'],
  DL3028: ['run/adhoc-package'],
  DL3062: ['run/adhoc-package'],
  DL3064: ['docker/secret-in-layer'],
};

const RATCHET = ['actions/unpinned', 'actions/branch-ref', 'actions/missing-ref', 'actions/short-sha', 'image/unpinned', 'image/latest'];

/** How a format places its markers. */
export interface MarkerPlaces {
  /** Whether a marker may stand behind something else on its line. */
  readonly endOfLine: boolean;
  /** What a marker that has its line to itself covers, given that zero-based line. */
  scopeBelow(line: number): Span;
}

const MARKER =
  /#\s*(?:(waybill-ignore)\b[ \t]*([^\r\n]*)|zizmor:\s*ignore\[([^\]\r\n]*)\]|(ratchet:exclude)\b|hadolint\s+(?:global\s+)?ignore\s*=\s*([A-Z0-9, \t]+))/g;

/**
 * Finds all ignore markers of a document line by line, without its parser, so that they count in broken documents too.
 * The comment sign is `#`. Markers of zizmor and ratchet count at the end of a line wherever `endOfLine` allows it.
 */
export function scanIgnoreMarkers(text: string, lines: LineIndex, places: MarkerPlaces): IgnoreMarker[] {
  const markers: IgnoreMarker[] = [];
  for (const match of text.matchAll(MARKER)) {
    const start = match.index;
    const line = lines.positionAt(start).line;
    const lineSpan = lines.lineSpan(line);
    const alone = text.slice(lineSpan.start, start).trim() === '';
    if (!alone && !places.endOfLine) continue;
    if (!alone && !/\s/.test(text[start - 1] ?? '')) continue;
    const scope = alone ? places.scopeBelow(line) : lineSpan;
    const span = { start, end: start + match[0].trimEnd().length };
    const [, ours, words = '', zizmor, ratchet, hadolint] = match;
    if (ours !== undefined) markers.push(ourMarker(words, start + match[0].length - words.length, span, scope));
    else if (zizmor !== undefined) markers.push(foreign('zizmor', translate(zizmor, ZIZMOR), span, scope));
    else if (ratchet !== undefined) markers.push(foreign('ratchet', RATCHET, span, scope));
    else if (hadolint !== undefined) markers.push(foreign('hadolint', translate(hadolint, HADOLINT), span, scope));
  }
  return markers;
}

/** `<rule>[, <rule>]: <reason>` behind `waybill-ignore`; `at` is the offset of its first character. */
function ourMarker(words: string, at: number, span: Span, scope: Span): IgnoreMarker {
  const colon = words.indexOf(':');
  const names = colon < 0 ? words : words.slice(0, colon);
  const rules: string[] = [];
  const ruleSpans: Span[] = [];
  for (const name of names.matchAll(/[^\s,]+/g)) {
    // Without a colon the first word is the rule and what follows is somebody's reason in the wrong form.
    if (colon < 0 && rules.length > 0 && !name[0].includes('/')) break;
    rules.push(name[0]);
    ruleSpans.push({ start: at + name.index, end: at + name.index + name[0].length });
  }
  const reason = colon < 0 ? '' : words.slice(colon + 1).trim();
  return { rules, ruleSpans, reason, origin: 'waybill', span, scope };
}

function foreign(origin: 'zizmor' | 'ratchet' | 'hadolint', rules: readonly string[], span: Span, scope: Span): IgnoreMarker {
  return { rules, ruleSpans: [], reason: '', origin, span, scope };
}

function translate(names: string, table: Readonly<Record<string, readonly string[]>>): string[] {
  return names.split(/[,\s]+/).flatMap((name) => (Object.hasOwn(table, name) ? (table[name] ?? []) : []));
}
