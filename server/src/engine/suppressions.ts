import type { Finding } from '../core/finding.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Rule, UnusedIgnore } from '../core/rule.ts';
import { names, type Policy, severityOf } from '../policy/policy.ts';
import { nearest } from './did-you-mean.ts';

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

/** Matches findings with the document's ignore comments and the policy's ignores. */
export function suppress(
  findings: readonly Finding[],
  manifest: Manifest,
  { rules, policy }: { readonly rules: readonly Rule[]; readonly policy: Policy },
): Suppression {
  const left: Finding[] = [];
  const suppressed: Suppressed[] = [];
  const used = new Set<string>();
  for (const finding of findings) {
    const silencer = byComment(finding, manifest, used) ?? byPolicy(finding, manifest, policy);
    if (silencer === undefined) left.push(finding);
    else suppressed.push({ finding, ...silencer });
  }
  return { findings: left, suppressed, unused: unusedIgnores(manifest, used, rules, policy) };
}

type Silencer = { readonly by: 'comment' | 'policy'; readonly reason: string };

function byComment(finding: Finding, manifest: Manifest, used: Set<string>): Silencer | undefined {
  let silencer: Silencer | undefined;
  for (const marker of manifest.ignores) {
    const { start } = finding.span;
    if (start < marker.scope.start || start > marker.scope.end) continue;
    for (const name of marker.rules) {
      if (!names(name, finding.rule)) continue;
      used.add(`${marker.span.start} ${name}`);
      silencer ??= { by: 'comment', reason: marker.reason };
    }
  }
  return silencer;
}

function byPolicy(finding: Finding, manifest: Manifest, policy: Policy): Silencer | undefined {
  const entry = policy.ignore.find((ignore) => names(ignore.rule, finding.rule) && ignore.matches(manifest.file.path));
  return entry && { by: 'policy', reason: entry.reason };
}

/**
 * Our own markers that silenced nothing. A rule that is off, needs facts or does not read this format may well find
 * something elsewhere or tomorrow, so its marker is left alone.
 */
function unusedIgnores(manifest: Manifest, used: ReadonlySet<string>, rules: readonly Rule[], policy: Policy): UnusedIgnore[] {
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
        const sure = meant.every((rule) => rule.meta.needs.length === 0 && rule.last !== true && severityOf(rule.meta, policy) !== 'off');
        if (sure) unused.push({ marker, name, span });
      }
    });
  }
  return unused;
}
