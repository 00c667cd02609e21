import type { Severity } from './finding.ts';
import type { Confidence } from './lookalike.ts';

/** How grave a lookalike is: removed malware an error, what honest names hardly do a warning, the rest information. */
export function lookalikeSeverity(confidence: Confidence): Severity {
  switch (confidence) {
    case 'certain':
      return 'error';
    case 'high':
    case 'medium':
      return 'warning';
    case 'low':
      return 'info';
  }
}
