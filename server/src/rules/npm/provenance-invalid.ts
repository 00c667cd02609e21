import { npmPackument, npmProvenance } from '../../core/npm-facts.ts';
import type { CheckId } from '../../core/provenance.ts';
import type { Rule } from '../../core/rule.ts';
import { installedVersions, LEFT_OUT } from '../../formats/installed-version.ts';
import { contradictions } from '../../formats/origin-drift.ts';

/** Evidence that is false: a signature, a subject or a digest does not fit. */
export const rule: Rule = {
  meta: {
    id: 'npm/provenance-invalid',
    title: 'A version whose evidence of origin is false',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [npmPackument.id, npmProvenance.id],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '9.0',
    refs: [
      'https://docs.npmjs.com/viewing-package-provenance',
      'https://docs.npmjs.com/about-registry-signatures',
      'https://slsa.dev/spec/v1.0/verifying-artifacts',
    ],
    messages: {
      found: {
        what: 'The evidence of `{name}` {version} fails the check `{check}`: {message}',
        why: 'Attestations and signatures of an honest release agree with it; these were forged, damaged on their way, or are another release’s.',
        remedy: 'Do not install it; run `waybill verify npm:{name}@{version}` for all checks, and ask the registry and the maintainers.',
      },
    },
  },
  check(context) {
    for (const { dependency, key, version, packument, integrity } of installedVersions(context)) {
      if (version.attestations === undefined && (version.signatures ?? []).length === 0) {
        if (packument.isStripped) context.lacking(npmPackument, key, LEFT_OUT);
        continue;
      }
      const asked = { ...key, version: version.version, ...(integrity === undefined ? {} : { integrity }) };
      const answer = context.fact(npmProvenance, asked);
      const [failed] = answer.state === 'known' ? contradictions(answer.value, OTHERS) : [];
      if (failed === undefined) continue;
      context.report({
        messageId: 'found',
        args: { name: key.name, version: version.version, check: failed.id, message: failed.message },
        span: dependency.specSpan,
        identity: `${dependency.group} ${dependency.name}`,
      });
    }
  },
};

/** What the lockfile has is `lock/integrity-mismatch`'s, which repository the manifest names `npm/provenance-drift`'s. */
const OTHERS: ReadonlySet<CheckId> = new Set(['digest-locked', 'integrity-locked', 'manifest-repository']);
