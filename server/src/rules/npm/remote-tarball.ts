import { valid } from 'semver';
import type { Fix } from '../../core/finding.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { span } from '../../core/span.ts';
import { plain } from '../../core/untrusted.ts';
import { isLoopback, servesHttps } from '../../formats/https-hosts.ts';
import { lockedDependency } from '../../formats/locked.ts';
import { asPackageJson, type Dependency, editSpec } from '../../formats/package-json.ts';

/** A dependency on a URL: its content is nobody's release, no registry scans or retracts it, and it may differ for every visitor. */
export const rule: Rule = {
  meta: {
    id: 'npm/remote-tarball',
    title: 'A dependency on a URL instead of a registry version',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '7.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/configuring-npm/package-json#urls-as-dependencies',
      'https://cwe.mitre.org/data/definitions/494.html',
    ],
    messages: {
      https: {
        what: '`{name}` is downloaded from `{host}`, past the registry.',
        why: 'The server can hand out another archive at any time and to anybody; no registry scans it, keeps it or takes it back.',
        remedy: 'Use a version from the registry, or keep the archive in the repository and require it with `file:`.',
      },
      http: {
        what: '`{name}` is downloaded from `{host}` over plain http.',
        why: 'Anybody on the way can put in another archive, and its install scripts run at once.',
        remedy: 'Use a version from the registry, or at least https.',
      },
    },
  },
  check(context) {
    for (const dependency of asPackageJson(context.manifest)?.dependencies ?? []) {
      const { parsed, name, specSpan } = dependency;
      if (parsed.kind !== 'remote') continue;
      const insecure = parsed.scheme.text === 'http' && !isLoopback(parsed.host);
      context.report({
        messageId: insecure ? 'http' : 'https',
        args: { name, host: parsed.host },
        span: specSpan,
        severity: insecure ? 'error' : 'warning',
        identity: `${dependency.group} ${name}`,
        fixes: [...toRegistry(context, dependency), ...(insecure ? [toHttps(context, dependency)] : [])],
      });
    }
  },
};

/** For review even where the host serves https: npm holds the requirement against the lockfile, letter by letter. */
function toHttps({ manifest }: RuleContext, dependency: Dependency): Fix {
  const { parsed } = dependency;
  const host = parsed.kind === 'remote' ? parsed.host : '';
  return {
    title: servesHttps(host) ? 'Use https (the lockfile has to follow)' : `Use https (check that ${plain(host)} serves the same there)`,
    safety: 'review',
    online: false,
    edits: [editSpec(manifest.file.text, dependency, span('http'.length, 'http'.length), 's')],
  };
}

function toRegistry({ manifest, surroundings }: RuleContext, dependency: Dependency): Fix[] {
  const found = lockedDependency(surroundings, manifest.file.path, dependency);
  const version = valid(found?.entry.version ?? null);
  if (found === undefined || version === null) return [];
  const { name } = found.entry;
  const requirement = name === dependency.name ? version : `npm:${name}@${version}`;
  return [
    {
      title: `Require ${plain(requirement)} from the registry (check that ${plain(name)} there is the same package)`,
      safety: 'review',
      online: false,
      edits: [editSpec(manifest.file.text, dependency, span(0, dependency.spec.length), requirement)],
    },
  ];
}
