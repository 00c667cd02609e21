import { npmPackument, type Publisher } from '../../core/npm-facts.ts';
import type { Rule } from '../../core/rule.ts';
import { LEFT_OUT, recentVersions } from '../../formats/installed-version.ts';

/** A version that somebody published who never did before, or by hand where a workflow did: how a taken-over package looks. */
export const rule: Rule = {
  meta: {
    id: 'npm/publisher-change',
    title: 'A version that was published by somebody new',
    severity: 'info',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [npmPackument.id],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: [
      'https://github.com/RIAEvangelist/node-ipc/issues/15',
      'https://github.com/dominictarr/event-stream/issues/116',
      'https://docs.npmjs.com/trusted-publishers',
    ],
    messages: {
      new: {
        what: '`{name}` {version} was published by `{publisher}`, who published no version of it before.',
        why: 'A package that changes hands, by agreement or by theft, is how `event-stream` and others came to carry malware.',
        remedy: 'See whether the project announced a new maintainer; {previous} was published by `{before}`.',
      },
      person: {
        what: '`{name}` {version} was published by `{publisher}`, and {previous} by a workflow (trusted publishing).',
        why: 'A project that gave up publishing by hand has no reason to return to it; a thief who holds a maintainer’s token has no other way.',
        remedy: 'See whether the project has a tag and notes for this release.',
      },
      address: {
        what: '`{name}` {version} was published by `{publisher}` with an e-mail address that none of its versions had before.',
        why: 'Who takes over an account changes its address, so that its owner cannot reset the password.',
        remedy: 'See whether the project has a tag and notes for this release; {previous} was published by `{before}`.',
      },
    },
  },
  check(context) {
    for (const { dependency, key, version, comparison } of recentVersions(context)) {
      if (comparison.publisher.state === 'unknown') context.lacking(npmPackument, key, LEFT_OUT);
      if (comparison.publisher.state !== 'changed') continue;
      const { kind, publisher, previous } = comparison.publisher.change;
      context.report({
        messageId: kind,
        args: {
          name: key.name,
          version: version.version,
          publisher: nameOf(publisher),
          previous: previous.version,
          before: nameOf(previous.publisher),
        },
        span: dependency.specSpan,
        identity: `${dependency.group} ${dependency.name}`,
      });
    }
  },
};

function nameOf(publisher: Publisher | undefined): string {
  return publisher?.name ?? 'an unnamed account';
}
