import type { Check } from './provenance.ts';

/** Short names of hosts in package.json (npm documentation, "repository"). */
const SHORT_HOSTS: Readonly<Record<string, string>> = { github: 'github.com', gitlab: 'gitlab.com', bitbucket: 'bitbucket.org' };

/**
 * The address by which repositories are compared: `https://host/owner/name` in lower case, for every way in which manifests,
 * statements and certificates write one. Undefined for what is none of them.
 */
export function repositoryAddress(written: string): string | undefined {
  const text = written.trim();
  if (text.length > 2000) return undefined;
  const short = /^(?:(github|gitlab|bitbucket):)?([\w-][\w.-]*\/[\w.-]+)(?:#.*)?$/.exec(text);
  if (short !== null) return address(SHORT_HOSTS[short[1] ?? 'github'] ?? '', short[2] ?? '');
  const scp = /^(?:(?:git\+)?ssh:\/\/)?[\w.-]+@([\w.-]+):(?!\d+\/)([^?#]+)/i.exec(text) ?? /^[\w.-]+@([\w.-]+)[:/]([^?#]+)/.exec(text);
  if (scp !== null) return address(scp[1] ?? '', scp[2] ?? '');
  const url = /^(?:git\+)?(https?|git|ssh):\/\/(?:[^@/?#]*@)?([\w.-]+(?::\d+)?)\/([^?#]+)/i.exec(text);
  if (url === null) return undefined;
  const [, scheme = '', host = '', path = ''] = url;
  const own = PORTS[scheme.toLowerCase()];
  return address(own === undefined || !host.endsWith(own) ? host : host.slice(0, -own.length), path);
}

/** The ports that go without saying. */
const PORTS: Readonly<Record<string, string>> = { https: ':443', http: ':80', ssh: ':22', git: ':9418' };

function address(host: string, path: string): string | undefined {
  const name = host.toLowerCase().replace(/^www\./, '');
  // A folder of the repository follows: /tree/main/packages/x on GitHub, /-/tree/... on GitLab, whose groups nest.
  const parts = (path.split('/-/')[0] ?? '').split('/').filter((part) => part !== '');
  const kept = name === 'github.com' || name === 'bitbucket.org' ? parts.slice(0, 2) : parts;
  if (kept.length < 2) return undefined;
  return `https://${name}/${kept
    .join('/')
    .replace(/\.git$/i, '')
    .toLowerCase()}`;
}

/** Whether an attested repository is the one that `who` names. */
export function compareRepositories(
  id: 'manifest-repository' | 'asked-repository',
  attested: string | undefined,
  wanted: string,
  who: string,
): Check {
  const address = repositoryAddress(wanted);
  if (address === undefined) return { id, outcome: 'unknown', message: `${who} names the repository ${wanted}, which cannot be compared.` };
  if (attested === undefined) return { id, outcome: 'unknown', message: 'The certificate names no repository.' };
  return repositoryAddress(attested) === address
    ? { id, outcome: 'passed', message: `${who} names the attested repository.` }
    : { id, outcome: 'contradicted', message: `${who} names ${address}, the certificate ${attested}.` };
}
