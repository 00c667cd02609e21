import { type Hover, MarkupKind } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Answer } from '../core/answer.ts';
import type { GitRefs } from '../core/facts.ts';
import { type ActionReference, type ImageReference, type PackageReference, type Reference, wholeSpan } from '../core/reference.ts';
import { rulePageUrl } from '../core/rule-page.ts';
import type { Span } from '../core/span.ts';
import { LineIndex } from '../core/text.ts';
import { markdown, markdownCode, plain } from '../core/untrusted.ts';
import type { Analysis } from '../engine/analyse.ts';
import type { Project } from '../engine/project.ts';
import { type Locked, lockedDependency, nearestLockfiles } from '../formats/locked.ts';
import { actionPapers } from './action-papers.ts';

/** What a hover is made from. */
export interface HoverContext {
  readonly document: TextDocument;
  readonly analysis: Analysis;
  readonly project: Project;
  /** UTF-16 offset of the pointer. */
  readonly offset: number;
  readonly markdown: boolean;
  /** What is known of the repository of the action under the pointer; undefined where it is no such action. */
  readonly refs?: Answer<GitRefs> | undefined;
}

/** The reference under the pointer; undefined where there is none. */
export function referenceAt({ manifest }: Analysis, offset: number): Reference | undefined {
  return manifest.refs.find((candidate) => holds(wholeSpan(candidate), offset));
}

/** The papers of the reference under the pointer; undefined where there is none. Looks nothing up. */
export function hover({ document, analysis, project, offset, markdown: asMarkdown, refs }: HoverContext): Hover | undefined {
  const reference = referenceAt(analysis, offset);
  if (reference === undefined) return undefined;
  const span = wholeSpan(reference);
  const card: Line[] = [...facts(reference, { analysis, project, refs })];
  const findings = analysis.findings.filter((finding) => finding.span.start < span.end && span.start < finding.span.end);
  const lines = asMarkdown ? markdownCard(reference, card, findings) : plainCard(reference, card, findings);
  return {
    contents: { kind: asMarkdown ? MarkupKind.Markdown : MarkupKind.PlainText, value: lines.join('\n') },
    range: new LineIndex(document.getText()).rangeOf(span),
  };
}

/** One line of the card: what it is about, and foreign or own text. */
export interface Line {
  readonly label: string;
  readonly value: string;
  readonly isCode: boolean;
}

function holds(span: Span, offset: number): boolean {
  return span.start <= offset && offset <= span.end;
}

function* facts(reference: Reference, { analysis, project, refs }: Pick<HoverContext, 'analysis' | 'project' | 'refs'>): Generator<Line> {
  switch (reference.ecosystem) {
    case 'npm':
      yield* packageFacts(reference, analysis.manifest.file.path, project);
      break;
    case 'oci':
      yield* imageFacts(reference);
      break;
    case 'github-actions':
      yield* actionFacts(reference);
      if (refs !== undefined) yield* actionPapers(reference, refs);
      break;
  }
  yield { label: 'Provenance', value: 'unknown (not looked up)', isCode: false };
}

function* packageFacts({ name, requested }: PackageReference, path: string, project: Project): Generator<Line> {
  yield { label: 'Requested', value: requested, isCode: true };
  const locked: Locked | undefined = lockedDependency(project, path, { name, spec: requested });
  if (locked === undefined) {
    const lockfiles = nearestLockfiles(path, project);
    const why = lockfiles.length === 0 ? 'no lockfile here or above' : `unknown: ${lockfiles.join(', ')} does not say, or is not read yet`;
    yield { label: 'Locked', value: why, isCode: false };
    return;
  }
  const { entry, path: lockfile } = locked;
  yield { label: 'Locked', value: `${entry.version ?? entry.source} by ${lockfile}`, isCode: true };
  if (entry.integrity === undefined && entry.checksum !== undefined)
    yield { label: 'Checksum of Yarn', value: entry.checksum, isCode: true };
  else yield { label: 'Integrity', value: entry.integrity ?? 'none in the lockfile', isCode: entry.integrity !== undefined };
}

function* imageFacts({ image, verdict, resolved, requested, reason }: ImageReference): Generator<Line> {
  if (resolved !== undefined && resolved !== requested) yield { label: 'Stands for', value: resolved, isCode: true };
  if (image !== undefined) {
    yield { label: 'Registry', value: image.registry, isCode: true };
    yield { label: 'Repository', value: image.repository, isCode: true };
    if (image.tag !== undefined) yield { label: 'Tag', value: image.tag, isCode: true };
  }
  yield { label: 'Pinned', value: imagePin(verdict, reason), isCode: false };
  if (image?.digest !== undefined) yield { label: 'Digest', value: image.digest, isCode: true };
}

function imagePin(verdict: ImageReference['verdict'], reason: string | undefined): string {
  switch (verdict) {
    case 'pinned':
      return 'yes, by digest: the content cannot change';
    case 'mutable-tag':
      return 'no: the tag can be moved to other content';
    case 'latest':
    case 'implicit-latest':
      return 'no: `latest` moves with every release';
    case 'invalid':
      return `not a valid reference${reason === undefined ? '' : ` (${reason})`}`;
    case 'stage':
      return 'a stage of this file';
    case 'scratch':
      return 'the empty image';
    case 'unresolved':
      return 'unknown: a variable without a value in this file';
    case 'template':
      return 'unknown: a template fills this in';
    case 'docker-image-url':
      return 'unknown: a named build context';
  }
}

function* actionFacts({ owner, repo, ref, verdict, comment, subPath }: ActionReference): Generator<Line> {
  if (owner !== '') yield { label: 'Repository', value: `${owner}/${repo}`, isCode: true };
  if (subPath !== '') yield { label: 'Path', value: subPath, isCode: true };
  if (ref !== '') yield { label: 'Ref', value: ref, isCode: true };
  if (comment !== undefined && comment.text !== '') yield { label: 'Comment', value: comment.text, isCode: true };
  yield { label: 'Pinned', value: actionPin(verdict), isCode: false };
}

function actionPin(verdict: ActionReference['verdict']): string {
  switch (verdict) {
    case 'pinned':
      return 'yes, by commit: the code cannot change';
    case 'unpinned':
      return 'no: a tag can be moved to other code';
    case 'branch-ref':
      return 'no: a branch moves with every push';
    case 'short-sha':
      return 'no: a short commit is not supported and can be made ambiguous';
    case 'missing-ref':
      return 'no: there is no ref';
    case 'invalid-uses':
      return 'not a valid reference';
    case 'local':
      return 'a part of this repository';
    case 'docker':
      return 'an image';
  }
}

type Findings = Analysis['findings'];

function markdownCard(reference: Reference, card: readonly Line[], findings: Findings): string[] {
  const lines = [`**Waybill** ${markdownCode(reference.name || reference.requested)}`, ''];
  for (const { label, value, isCode } of card) lines.push(`- ${label}: ${isCode ? markdownCode(value) : markdown(value)}`);
  lines.push(`- Findings: ${findings.map(({ rule }) => `[${rule}](${rulePageUrl(rule)})`).join(', ') || NONE}`);
  return lines;
}

/** What is said where no rule fires. */
const NONE = 'none, which is no promise of safety';

function plainCard(reference: Reference, card: readonly Line[], findings: Findings): string[] {
  const lines = [`Waybill ${plain(reference.name || reference.requested)}`, ''];
  for (const { label, value } of card) lines.push(`${label}: ${plain(value)}`);
  lines.push(`Findings: ${findings.map(({ rule }) => rule).join(', ') || NONE}`);
  return lines;
}
