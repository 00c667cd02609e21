import type { Edit, Fix, FixFailure, FixIo } from '../../core/finding.ts';
import type { RuleContext } from '../../core/rule.ts';
import { plain } from '../../core/untrusted.ts';
import type { NamedPackage } from '../../formats/named-package.ts';
import { packageKeys } from '../../formats/registry-settings.ts';
import { replaceName } from '../lookalike-finding.ts';
import { realRequirement } from './real-version.ts';

/** The package that was meant, in the place of one that a command names. */
export function commandFixes({ manifest, surroundings }: RuleContext, named: NamedPackage, target: string): Fix[] {
  const { span, editable, requirement, requirementSpan } = named;
  if (!editable || target === '') return [];
  if (requirement === '') return replaceName(span, target, 'check that it is the one you mean');
  const nameOnly = replaceName(span, target, `only the name: check that it has a version for ${plain(requirement)}`);
  if (requirementSpan === undefined) return nameOnly;
  const resolve = async (io: FixIo, signal: AbortSignal): Promise<readonly Edit[] | FixFailure> => {
    const key = packageKeys(manifest.file, surroundings).of({ name: target, locked: undefined });
    const real = await realRequirement(io, { key, requirement, isCommand: true }, signal);
    if (typeof real === 'object') return real;
    return [{ span, text: target }, ...(real === requirement ? [] : [{ span: requirementSpan, text: real }])];
  };
  const title = `Replace it by ${plain(target)}, in a version that the registry has`;
  return [{ title, safety: 'review', purpose: 'replace', online: true, inFixAll: false, resolve }, ...nameOnly];
}
