import { nearest } from '../core/did-you-mean.ts';
import type { Finding } from '../core/finding.ts';
import type { IgnoreMarker, Manifest } from '../core/manifest.ts';
import type { Rule, UnusedIgnore } from '../core/rule.ts';
import { areaOf, names, type Policy, severityOf } from '../policy/policy.ts';

/** A finding that somebody silenced, and with which words. */
export interface Suppressed {
  readonly finding: Finding;
  /** A comment in the document, or the policy. SARIF: `inSource`, `external`. */
  readonly by: 'comment' | 'policy';
  readonly reason: string;
}

/** What is left after the ignore comments and the policy. */
export interface Suppression {
  readonly findings: readonly Finding[];
  readonly suppressed: readonly Suppressed[];
  readonly unused: readonly UnusedIgnore[];
}

/** What findings are matched with. */
export interface SuppressOptions {
  readonly rules: readonly Rule[];
  readonly policy: Policy;
  /** Areas whose rules asked for a fact that is unknown: with it they may find something else. */
  readonly unsureAreas: ReadonlySet<string>;
}

/** Matches findings with the document's ignore comments and the policy's ignores. Findings come back in the order of their places. */
export function suppress(findings: readonly Finding[], manifest: Manifest, options: SuppressOptions): Suppression {
  const left: Finding[] = [];
  const suppressed: Suppressed[] = [];
  const used = new Set<string>();
  // Both in document order, so that each finding looks only at the few markers that are open at its place.
  const markers = manifest.ignores.slice().sort((a, b) => a.scope.start - b.scope.start);
  let open: IgnoreMarker[] = [];
  let next = 0;
  for (const finding of findings.slice().sort((a, b) => a.span.start - b.span.start)) {
    const { start } = finding.span;
    for (let marker = markers[next]; marker !== undefined && marker.scope.start <= start; marker = markers[++next]) open.push(marker);
    open = open.filter(({ scope }) => scope.end >= start);
    const silencer = byComment(finding, open, used) ?? byPolicy(finding, manifest, options.policy);
    if (silencer === undefined) left.push(finding);
    else suppressed.push({ finding, ...silencer });
  }
  return { findings: left, suppressed, unused: unusedIgnores(manifest, used, options) };
}

type Silencer = { readonly by: 'comment' | 'policy'; readonly reason: string };

function byComment(finding: Finding, open: readonly IgnoreMarker[], used: Set<string>): Silencer | undefined {
  let silencer: Silencer | undefined;
  for (const marker of open) {
    for (const name of marker.rules) {
      if (!names(name, finding.rule)) continue;
      used.add(`${marker.span.start} ${name}`);
      silencer ??= { by: 'comment', reason: marker.reason };
    }
  }
  return silencer;
}

function byPolicy(finding: Finding, manifest: Manifest, policy: Policy): Silencer | undefined {
  const allowed = finding.lookalike?.found.allowed;
  if (allowed !== undefined) return { by: 'policy', reason: allowed };
  const entry = policy.ignore.find((ignore) => names(ignore.rule, finding.rule) && ignore.matches(manifest.file.path));
  return entry && { by: 'policy', reason: entry.reason };
}

/** Our own markers that silenced nothing. One for a rule that is off, or that needs an unknown fact, is left alone. */
function unusedIgnores(manifest: Manifest, used: ReadonlySet<string>, { rules, policy, unsureAreas }: SuppressOptions): UnusedIgnore[] {
  const isSure = ({ meta, last }: Rule): boolean =>
    meta.needs.length === 0 && last !== true && !unsureAreas.has(areaOf(meta.id)) && severityOf(meta, policy) !== 'off';
  const unused: UnusedIgnore[] = [];
  for (const marker of manifest.ignores) {
    if (marker.origin !== 'waybill') continue;
    marker.rules.forEach((name, i) => {
      const span = marker.ruleSpans[i] ?? marker.span;
      const meant = rules.filter((rule) => names(name, rule.meta.id));
      if (meant.length === 0) {
        const near = nearest(
          name,
          rules.map((rule) => rule.meta.id),
        );
        unused.push({ marker, name, span, unknownRule: near === undefined ? {} : { nearest: near } });
      } else if (!used.has(`${marker.span.start} ${name}`)) {
        if (meant.every(isSure)) unused.push({ marker, name, span });
      }
    });
  }
  return unused;
}
