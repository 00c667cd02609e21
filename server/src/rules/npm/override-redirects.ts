import type { Manifest } from '../../core/manifest.ts';
import type { Rule } from '../../core/rule.ts';
import { isStandIn } from '../../formats/known-packages.ts';
import { parseSpec, type Spec } from '../../formats/npm-spec.ts';
import { asPackageJson, type Override, overriddenName } from '../../formats/package-json.ts';
import { settingsOf } from '../../formats/settings-of.ts';

const REMEDY = 'Override with a registry version of the same package where one will do, and write down beside it why not where none will.';

/** An override that puts another package, a repository or a URL in the place of a dependency, at all depths at once. */
export const rule: Rule = {
  meta: {
    id: 'npm/override-redirects',
    title: 'An override that takes a package from somewhere else',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json', 'pnpm-workspace'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '6.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/configuring-npm/package-json#overrides',
      'https://yarnpkg.com/configuration/manifest#resolutions',
      'https://pnpm.io/settings#overrides',
    ],
    messages: {
      git: {
        what: '`{field}` takes `{name}` from the git repository `{target}`, wherever it is asked for.',
        why: 'Every package of the tree gets that code under a name that it trusts, and no registry scans it, dates it or takes it back.',
        remedy: REMEDY,
      },
      url: {
        what: '`{field}` downloads `{name}` from `{target}`, wherever it is asked for.',
        why: 'Every package of the tree gets what that server sends under a name that it trusts, and no registry scans it or takes it back.',
        remedy: REMEDY,
      },
      package: {
        what: '`{field}` puts the package `{target}` in the place of `{name}`, wherever it is asked for.',
        why: 'Every package of the tree gets the code of `{target}` under a name that it trusts, from whoever publishes that one.',
        remedy: REMEDY,
      },
      many: {
        what: '`{field}` puts packages of `{target}` in the place of {count} others, `{name}` first.',
        why: 'Every package of the tree gets their code under names that it trusts, from whoever publishes for `{target}`.',
        remedy: REMEDY,
      },
    },
  },
  check({ manifest, report }) {
    const groups = new Map<string, Redirect[]>();
    for (const override of asPackageJson(manifest)?.overrides ?? settingsOverrides(manifest)) {
      const redirect = redirectOf(override);
      if (redirect === undefined) continue;
      const id = `${override.field} ${redirect.scope ?? `\0${groups.size}`}`;
      groups.set(id, [...(groups.get(id) ?? []), redirect]);
    }
    for (const redirects of groups.values()) {
      const [first] = redirects;
      if (first === undefined) continue;
      if (redirects.length > MAX_SINGLE_FINDINGS) {
        const { override, name, scope = '' } = first;
        const args = { field: override.field, target: scope, name, count: String(redirects.length) };
        report({ messageId: 'many', args, span: override.specSpan, identity: `${override.field} ${scope}` });
        continue;
      }
      for (const { override, kind, name, target } of redirects) {
        const args = { field: override.field, name, target };
        report({ messageId: kind, args, span: override.specSpan, identity: `${override.field} ${override.path.join('>')}` });
      }
    }
  },
};

/** The `overrides` of a pnpm-workspace.yaml, which are written as in package.json. */
function settingsOverrides(manifest: Manifest): Override[] {
  if (manifest.format !== 'pnpm-workspace') return [];
  return (settingsOf(manifest)?.settings ?? []).flatMap(({ path: [field, selector, ...rest], keySpan, value }): Override[] => {
    if (field !== 'overrides' || selector === undefined || rest.length > 0 || value?.kind !== 'text') return [];
    const { text: spec, span: specSpan } = value;
    return [{ field, path: [selector], spec, parsed: parseSpec(spec), nameSpan: keySpan, specSpan }];
  });
}

/** More than these into one scope were one decision, such as a set of polyfills, and get one finding. */
const MAX_SINGLE_FINDINGS = 3;

interface Redirect {
  readonly override: Override;
  readonly kind: 'git' | 'url' | 'package';
  readonly name: string;
  readonly target: string;
  /** The scope of the package that takes the place. */
  readonly scope?: string;
}

function redirectOf(override: Override): Redirect | undefined {
  const name = overriddenName(override.path);
  const { parsed } = override;
  if (name === undefined) return undefined;
  const target = targetOf(parsed);
  if (target === undefined || (target.kind === 'package' && (target.target === name || isStandIn(name, target.target)))) return undefined;
  const scope = target.kind === 'package' ? /^@[^/]+/.exec(target.target)?.[0] : undefined;
  return { override, name, ...target, ...(scope === undefined ? {} : { scope }) };
}

function targetOf(spec: Spec): Pick<Redirect, 'kind' | 'target'> | undefined {
  switch (spec.kind) {
    case 'git':
      return { kind: 'git', target: spec.repository };
    case 'remote':
      return { kind: 'url', target: spec.host };
    case 'alias':
      return spec.name === undefined ? undefined : { kind: 'package', target: spec.name.text };
    default:
      return undefined;
  }
}
