import type { Rule } from '../../core/rule.ts';
import { namedPackagesOf } from '../../formats/named-package.ts';
import { lookalikeDraft, PACKAGE_MESSAGES, replaceName } from '../lookalike-finding.ts';

/** A Python package whose name looks like a well-known one: a slip of the finger installs somebody else's code. */
export const rule: Rule = {
  meta: {
    id: 'py/lookalike',
    title: 'A Python package whose name looks like that of a well-known one',
    severity: 'warning',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['dockerfile', 'workflow', 'action', 'package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '8.0',
    refs: [
      'https://discuss.python.org/t/improving-risks-and-consequences-against-typosquatting-on-pypi/5090',
      'https://github.com/ecosyste-ms/typosquatting-dataset',
    ],
    messages: PACKAGE_MESSAGES,
  },
  check({ manifest, lookalike, report }) {
    for (const { ecosystem, name, span, editable } of manifest.scripts.flatMap(namedPackagesOf)) {
      const found = ecosystem === 'pypi' ? lookalike('pypi', name) : undefined;
      if (found === undefined) continue;
      const fixes = editable ? replaceName(span, found.target, 'check that it is the one you mean, and its version') : [];
      report(lookalikeDraft({ ecosystem, name, found, span }, fixes));
    }
  },
};
