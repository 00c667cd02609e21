import type { DocumentLink } from 'vscode-languageserver';
import type { ActionReference, ImageReference } from '../core/reference.ts';
import type { Span } from '../core/span.ts';
import { LineIndex } from '../core/text.ts';
import type { Analysis } from '../engine/analyse.ts';

/**
 * Links from references to where people read about them: an action's code at its ref, an image's page. Only addresses that are
 * known to be such pages; nothing is looked up.
 */
export function documentLinks({ manifest }: Analysis, githubServerUrl: string): DocumentLink[] {
  const lines = new LineIndex(manifest.file.text);
  return manifest.refs.flatMap((reference) => {
    const link =
      reference.ecosystem === 'github-actions'
        ? actionLink(reference, githubServerUrl)
        : reference.ecosystem === 'oci'
          ? imageLink(reference)
          : undefined;
    return link === undefined ? [] : [{ range: lines.rangeOf(link.span), target: link.target, tooltip: link.tooltip }];
  });
}

interface Link {
  readonly span: Span;
  readonly target: string;
  readonly tooltip: string;
}

/** `actions/checkout@v4`: the code of the repository at the ref, in the folder of the action. */
function actionLink({ owner, repo, ref, subPath, nameSpan, verdict }: ActionReference, serverUrl: string): Link | undefined {
  if (owner === '' || repo === '' || verdict === 'invalid-uses' || verdict === 'local' || verdict === 'docker') return undefined;
  const base = `${serverUrl.replace(/\/+$/, '')}/${encodeURIComponent(owner)}/${encodeURIComponent(repo)}`;
  if (ref === '') return { span: nameSpan, target: base, tooltip: 'Open the repository' };
  // A reusable workflow is a file, an action a folder.
  const kind = /\.ya?ml$/.test(subPath) ? 'blob' : 'tree';
  return {
    span: nameSpan,
    target: [base, kind, ...ref.split('/'), ...subPath.split('/')]
      .filter((part) => part !== '')
      .map(escapePart)
      .join('/'),
    tooltip: 'Open the code at this ref',
  };
}

/** The first part is an address already; the others are text of the document. */
function escapePart(part: string, index: number): string {
  return index === 0 ? part : encodeURIComponent(part);
}

/** Registries with a page for each repository, or for each digest. */
const PAGES: Readonly<Record<string, (repository: string, digest: string | undefined) => string>> = {
  'docker.io': (repository) =>
    `https://hub.docker.com/${repository.startsWith('library/') ? `_/${repository.slice('library/'.length)}` : `r/${repository}`}`,
  'ghcr.io': (repository) => `https://ghcr.io/${repository}`,
  'quay.io': (repository, digest) => `https://quay.io/repository/${repository}${digest === undefined ? '' : `/manifest/${digest}`}`,
  'public.ecr.aws': (repository) => `https://gallery.ecr.aws/${repository}`,
  'mcr.microsoft.com': (repository) => `https://mcr.microsoft.com/artifact/mar/${repository}`,
};

function imageLink({ image, span }: ImageReference): Link | undefined {
  if (image === undefined || !Object.hasOwn(PAGES, image.registry)) return undefined;
  const target = PAGES[image.registry]?.(image.repository, image.digest);
  return target === undefined ? undefined : { span, target, tooltip: "Open the image's page" };
}
