import { type Hover, MarkupKind } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { FetchFact } from '../core/answer.ts';
import { gitRefs } from '../core/facts.ts';
import { type ActionReference, type ImageReference, type PackageReference, type Reference, wholeSpan } from '../core/reference.ts';
import { rulePageUrl } from '../core/rule-page.ts';
import type { Span } from '../core/span.ts';
import { LineIndex } from '../core/text.ts';
import { markdown, markdownCode, plain } from '../core/untrusted.ts';
import type { Analysis } from '../engine/analyse.ts';
import type { Project } from '../engine/project.ts';
import { type Locked, lockedDependency, nearestLockfiles } from '../formats/locked.ts';
import { actionPapers, papersKey } from './action-papers.ts';
import { imagePapers } from './image-papers.ts';
import { packagePapers } from './package-papers.ts';
import { type CardLine, settingCard } from './setting-card.ts';

/** What a hover is made from. */
export interface HoverContext {
  readonly document: TextDocument;
  readonly analysis: Analysis;
  readonly project: Project;
  /** UTF-16 offset of the pointer. */
  readonly offset: number;
  readonly markdown: boolean;
  /** What may be looked up for a hover; it answers in a time that a pointer waits. */
  readonly fetch: FetchFact;
}

/** The papers of the reference under the pointer, or the explanation of a package manager's setting; undefined where there is none. */
export async function hover(
  { document, analysis, project, offset, markdown: asMarkdown, fetch }: HoverContext,
  signal: AbortSignal,
): Promise<Hover | undefined> {
  const { manifest } = analysis;
  const reference = manifest.refs.find((candidate) => holds(wholeSpan(candidate), offset));
  const setting = reference === undefined ? settingCard(analysis, project, offset) : undefined;
  const span = setting?.span ?? (reference && wholeSpan(reference));
  if (span === undefined) return undefined;
  const title = setting?.title ?? (reference?.name || reference?.requested || '');
  const card: Line[] = [...(setting?.lines ?? (reference === undefined ? [] : facts(reference, analysis, project)))];
  // Behind what stands in the document, before the last line.
  if (reference?.ecosystem === 'npm') card.splice(-1, 0, ...(await packagePapers(reference, { manifest, project, fetch }, signal)));
  const repository = reference?.ecosystem === 'github-actions' ? papersKey(reference) : undefined;
  if (reference?.ecosystem === 'github-actions' && repository !== undefined)
    card.splice(-1, 0, ...actionPapers(reference, await fetch(gitRefs, repository, signal)));
  if (reference?.ecosystem === 'oci') card.splice(-1, 0, ...(await imagePapers(reference, fetch, signal)));
  const findings = analysis.findings.filter((finding) => finding.span.start < span.end && span.start < finding.span.end);
  const lines = asMarkdown ? markdownCard(title, card, findings) : plainCard(title, card, findings);
  return {
    contents: { kind: asMarkdown ? MarkupKind.Markdown : MarkupKind.PlainText, value: lines.join('\n') },
    range: new LineIndex(document.getText()).rangeOf(span),
  };
}

/** One line of the card: what it is about, and foreign or own text. */
export type Line = CardLine;

function holds(span: Span, offset: number): boolean {
  return span.start <= offset && offset <= span.end;
}

function* facts(reference: Reference, analysis: Analysis, project: Project): Generator<Line> {
  switch (reference.ecosystem) {
    case 'npm':
      yield* packageFacts(reference, analysis.manifest.file.path, project);
      break;
    case 'oci':
      yield* imageFacts(reference);
      break;
    case 'github-actions':
      yield* actionFacts(reference);
      break;
  }
  yield { label: 'Provenance', value: 'unknown (not looked up)', isCode: false };
}

function* packageFacts({ name, requested }: PackageReference, path: string, project: Project): Generator<Line> {
  yield { label: 'Requested', value: requested, isCode: true };
  const locked: Locked | undefined = lockedDependency(project, path, { name, spec: requested });
  if (locked === undefined) {
    const lockfiles = nearestLockfiles(path, project);
    const why = lockfiles.length === 0 ? 'no lockfile here or above' : `unknown (${lockfiles.join(', ')} does not say, or is not read yet)`;
    yield { label: 'Locked', value: why, isCode: false };
    return;
  }
  const { entry, path: lockfile } = locked;
  yield { label: 'Locked', value: `${entry.version ?? entry.source} by ${lockfile}`, isCode: true };
  if (entry.integrity === undefined && entry.checksum !== undefined)
    yield { label: 'Checksum of Yarn', value: entry.checksum, isCode: true };
  else yield { label: 'Integrity', value: entry.integrity ?? 'none in the lockfile', isCode: entry.integrity !== undefined };
}

function* imageFacts({ name, image, verdict, resolved, requested, reason }: ImageReference): Generator<Line> {
  if (resolved !== undefined && resolved !== requested) yield { label: 'Stands for', value: resolved, isCode: true };
  // Mostly the card's title.
  const whole = image && `${image.registry}/${image.repository}`;
  if (whole !== undefined && whole !== name) yield { label: 'Repository', value: whole, isCode: true };
  if (image?.tag !== undefined) yield { label: 'Tag', value: image.tag, isCode: true };
  yield { label: 'Pinned', value: imagePin(verdict, reason), isCode: false };
  if (image?.digest !== undefined) yield { label: 'Digest', value: image.digest, isCode: true };
}

function imagePin(verdict: ImageReference['verdict'], reason: string | undefined): string {
  switch (verdict) {
    case 'pinned':
      return 'by digest, so the content cannot change';
    case 'mutable-tag':
      return 'no, the tag can be moved to other content';
    case 'latest':
    case 'implicit-latest':
      return 'no, latest moves with every release';
    case 'invalid':
      return `not a valid reference${reason === undefined ? '' : ` (${reason})`}`;
    case 'stage':
      return 'a stage of this file';
    case 'scratch':
      return 'the empty image';
    case 'unresolved':
      return 'unknown (a variable without a value in this file)';
    case 'template':
      return 'unknown (a template fills this in)';
    case 'docker-image-url':
      return 'unknown (a named build context)';
  }
}

function* actionFacts({ name, owner, repo, ref, verdict, comment, subPath }: ActionReference): Generator<Line> {
  // Mostly the card's title.
  if (owner !== '' && name !== `${owner}/${repo}`) yield { label: 'Repository', value: `${owner}/${repo}`, isCode: true };
  if (subPath !== '') yield { label: 'Path', value: subPath, isCode: true };
  if (ref !== '') yield { label: 'Ref', value: ref, isCode: true };
  if (comment !== undefined && comment.text !== '') yield { label: 'Comment', value: comment.text, isCode: true };
  yield { label: 'Pinned', value: actionPin(verdict), isCode: false };
}

function actionPin(verdict: ActionReference['verdict']): string {
  switch (verdict) {
    case 'pinned':
      return 'by commit, so the code cannot change';
    case 'unpinned':
      return 'no, a tag can be moved to other code';
    case 'branch-ref':
      return 'no, a branch moves with every push';
    case 'short-sha':
      return 'no, a short commit is not supported and can be made ambiguous';
    case 'missing-ref':
      return 'no, there is no ref';
    case 'invalid-uses':
      return 'not a valid reference';
    case 'local':
      return 'a part of this repository';
    case 'docker':
      return 'an image';
  }
}

type Findings = Analysis['findings'];

function markdownCard(title: string, card: readonly Line[], findings: Findings): string[] {
  const lines = [`**Waybill** ${markdownCode(title)}`, ''];
  for (const { label, value, isCode, link } of card) {
    const shown = isCode ? markdownCode(value) : markdown(value);
    lines.push(`- ${label}: ${link === undefined ? shown : `[${shown}](${link})`}`);
  }
  lines.push(`- Findings: ${findings.map(({ rule }) => `[${rule}](${rulePageUrl(rule)})`).join(', ') || NONE}`);
  return lines;
}

/** What is said where no rule fires. */
const NONE = 'none, which is no promise of safety';

function plainCard(title: string, card: readonly Line[], findings: Findings): string[] {
  const lines = [`Waybill ${plain(title)}`, ''];
  for (const { label, value } of card) lines.push(`${label}: ${plain(value)}`);
  lines.push(`Findings: ${findings.map(({ rule }) => rule).join(', ') || NONE}`);
  return lines;
}
