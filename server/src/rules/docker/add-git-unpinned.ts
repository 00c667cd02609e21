import { gitRefs } from '../../core/facts.ts';
import type { Fix } from '../../core/finding.ts';
import { resolveRef } from '../../core/git-versions.ts';
import type { Rule } from '../../core/rule.ts';
import { asDockerfile } from '../../formats/dockerfile.ts';
import { type RemoteSource, remoteSourcesOf } from '../../formats/dockerfile-add.ts';

/** A repository without a commit: whoever may push to it, or moves its tag, decides what is in the image. */
export const rule: Rule = {
  meta: {
    id: 'docker/add-git-unpinned',
    title: 'A repository that ADD clones without a commit',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dockerfile'],
    needs: [],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '6.0',
    refs: [
      'https://docs.docker.com/reference/dockerfile/#adding-files-from-a-git-repository',
      'https://docs.docker.com/build/concepts/context/#git-repositories',
    ],
    messages: {
      found: {
        what: 'ADD clones `{name}` at {ref}.',
        why: 'Whoever may push there, or moves a tag, decides at each build what gets into the image.',
        remedy: 'Put the commit that was reviewed behind a `#`, with its forty digits.',
      },
    },
  },
  check({ manifest, report }) {
    const dockerfile = asDockerfile(manifest);
    for (const source of dockerfile === undefined ? [] : remoteSourcesOf(dockerfile)) {
      if (source.kind !== 'git') continue;
      const asked = askedOf(source);
      if (asked === 'pinned') continue;
      const name = source.address.replace(/[?#].*$/s, '').replace(/^(\w+:\/\/)[^/]*@/, '$1');
      report({
        messageId: 'found',
        args: { name, ref: asked === '' ? 'the head of its default branch' : `\`${asked}\`` },
        span: source.span,
        identity: `${name}#${asked}`,
        fixes: pinFixes(source, asked),
      });
    }
  },
};

const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/i;

/** The branch or tag that is asked for, `''` for none; `pinned` where a commit, or what may be one, holds the content. */
function askedOf({ address, checksum }: RemoteSource): string {
  const [rest = '', fragment = ''] = address.split('#', 2);
  const query = new URLSearchParams(rest.includes('?') ? rest.slice(rest.indexOf('?') + 1) : '');
  const ref = (fragment.split(':', 1)[0] || query.get('ref') || query.get('tag') || query.get('branch')) ?? '';
  const held = [checksum, ref, query.get('commit') ?? '', query.get('checksum') ?? ''];
  // A variable without a value here gets one at the build.
  return held.some((one) => COMMIT.test(one) || one.includes('$')) ? 'pinned' : ref;
}

/** Only a repository of GitHub can be asked, and only an address that stands here as it is can be written. */
function pinFixes({ address, isLiteral, span }: RemoteSource, asked: string): Fix[] {
  const [, owner, repo] =
    /^(?:(?:https|ssh|git):\/\/(?:git@)?github\.com\/|git@github\.com:)([\w.-]+)\/([\w.-]+?)(?:\.git)?(?:#|$)/.exec(address) ?? [];
  if (!isLiteral || owner === undefined || repo === undefined || /[?$]/.test(address)) return [];
  const hash = address.indexOf('#');
  const at = hash < 0 ? span.end : span.start + hash + 1;
  const isVersion = /^v?\d/.test(asked);
  const title = isVersion
    ? `Pin to the commit of ${asked}`
    : `Pin to today's commit of ${asked || 'the default branch'} (check that it is the one that was tested)`;
  return [
    {
      title,
      safety: isVersion ? 'safe' : 'review',
      online: true,
      inFixAll: isVersion,
      resolve: async (io, signal) => {
        const answer = await io.fetch(gitRefs, { owner, repo }, signal);
        if (answer.state !== 'known')
          return {
            failed: `The refs of ${owner}/${repo} are not known (${answer.state === 'absent' ? 'no such repository' : answer.why}).`,
          };
        const found = resolveRef(answer.value, asked === '' ? (answer.value.head ?? 'HEAD') : asked);
        if (found.kind !== 'tag' && found.kind !== 'branch')
          return { failed: `${owner}/${repo} has no single tag or branch \`${asked}\`.` };
        if (isVersion && found.kind === 'branch') return { failed: `\`${asked}\` is a branch of ${owner}/${repo}.` };
        return [{ span: { start: at, end: hash < 0 ? at : at + asked.length }, text: hash < 0 ? `#${found.commit}` : found.commit }];
      },
    },
  ];
}
