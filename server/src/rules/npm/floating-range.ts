import { satisfies, valid } from 'semver';
import type { Edit, Fix } from '../../core/finding.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { span } from '../../core/span.ts';
import { plain } from '../../core/untrusted.ts';
import { lockedDependency } from '../../formats/locked.ts';
import { asRange, type Spec } from '../../formats/npm-spec.ts';
import { asPackageJson, type Dependency, editSpec } from '../../formats/package-json.ts';
import { isWorkspaceSibling } from '../../formats/workspace-siblings.ts';

/** A requirement that any later version satisfies: whoever publishes next, the author or a thief of the account, is installed. */
export const rule: Rule = {
  meta: {
    id: 'npm/floating-range',
    title: 'A requirement that every later version satisfies',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/configuring-npm/package-json#dependencies',
      'https://docs.npmjs.com/cli/v11/commands/npm-dist-tag',
      'https://github.com/npm/node-semver#ranges',
    ],
    messages: {
      any: {
        what: '`{name}` accepts every version, present and future.',
        why: 'Without a lockfile entry the newest release is installed, also one that was published minutes ago from a stolen account.',
        remedy: 'Name a version with an upper bound, such as `^1.2.3`.',
      },
      open: {
        what: '`{name}` has no upper bound in `{spec}`.',
        why: 'Every later release satisfies it, next majors and one published minutes ago from a stolen account included.',
        remedy: 'Name a version with an upper bound, such as `^1.2.3`.',
      },
      tag: {
        what: '`{name}` follows the dist-tag `{spec}`.',
        why: 'A dist-tag is moved at will by whoever may publish, so the same manifest installs something else tomorrow.',
        remedy: 'Name a version with an upper bound, such as `^1.2.3`.',
      },
    },
  },
  check(context) {
    for (const dependency of asPackageJson(context.manifest)?.dependencies ?? []) {
      // A peer's `*` or `>=` says what the host may bring along; the host's own requirement decides what is installed.
      if (dependency.group === 'peerDependencies') continue;
      const messageId = floats(dependency.parsed);
      if (messageId === undefined) continue;
      // What lies in the same repository is linked, not fetched.
      if (isWorkspaceSibling(context.surroundings, context.manifest.file.path, dependency.name)) continue;
      context.report({
        messageId,
        args: { name: dependency.name, spec: dependency.spec },
        span: dependency.specSpan,
        identity: `${dependency.group} ${dependency.name}`,
        fixes: pins(context, dependency),
      });
    }
  },
};

function floats(spec: Spec): 'any' | 'open' | 'tag' | undefined {
  switch (spec.kind) {
    case 'alias':
      return floats(spec.spec);
    case 'tag':
      // `1.` on its way to `1.2.3` is a legal tag, and nobody's.
      return /^[v=]?\d/.test(spec.tag) ? undefined : 'tag';
    case 'range': {
      const sets = asRange(spec.range)?.set ?? [];
      const open = sets.filter((set) => !set.some(({ operator, value }) => value !== '' && !operator.startsWith('>')));
      if (open.length === 0) return undefined;
      return open.some((set) => set.every(({ value }) => value === '')) ? 'any' : 'open';
    }
    default:
      return undefined;
  }
}

/** Pins to what the lockfile has: with room for fixes first, then exactly. */
function pins({ manifest, surroundings }: RuleContext, dependency: Dependency): Fix[] {
  const found = lockedDependency(surroundings, manifest.file.path, dependency);
  const version = valid(found?.entry.version ?? null);
  if (found === undefined || version === null || found.entry.source !== 'tarball') return [];
  const { parsed, name } = dependency;
  const wanted = parsed.kind === 'alias' ? (parsed.name?.text ?? name) : name;
  const range = parsed.kind === 'alias' ? parsed.spec : parsed;
  // Another package, or a version that the requirement excludes: the lockfile is out of step, and no guide.
  if (found.entry.name !== wanted) return [];
  if (range.kind === 'range' && !satisfies(version, range.range, { loose: true, includePrerelease: true })) return [];
  return [`^${version}`, version].map((pinned) => ({
    title: `Require ${pinned}, going by ${plain(found.path)} (check that no newer version is needed)`,
    safety: 'review',
    online: false,
    edits: [editRequirement(manifest.file.text, dependency, pinned)],
  }));
}

function editRequirement(text: string, dependency: Dependency, pinned: string): Edit {
  const { parsed, spec } = dependency;
  if (parsed.kind !== 'alias') return editSpec(text, dependency, span(0, spec.length), pinned);
  const { span: part } = parsed.specPart;
  const separator = parsed.name !== undefined && part.start === parsed.name.span.end ? '@' : '';
  return editSpec(text, dependency, part, `${separator}${pinned}`);
}
