import { type Hover, MarkupKind } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { FetchFact } from '../core/answer.ts';
import { gitRefs } from '../core/facts.ts';
import type { ProvenanceDemands } from '../core/provenance-demand.ts';
import { type ActionReference, type ImageReference, wholeSpan } from '../core/reference.ts';
import type { Span } from '../core/span.ts';
import type { Analysis } from '../engine/analyse.ts';
import type { Project } from '../engine/project.ts';
import { actionPapers, papersKey } from './action-papers.ts';
import { AS_OF, type Card, type CardLine, cardMarkdown, cardText, codeLine, textLine, unknownLine } from './card.ts';
import { commandSubject } from './command-subject.ts';
import { imagePapers } from './image-papers.ts';
import { packageCard, packageFacts } from './package-papers.ts';
import { packageSubject } from './package-subject.ts';
import { settingCard } from './setting-card.ts';

/** What a hover is made from. */
export interface HoverContext {
  readonly document: TextDocument;
  readonly analysis: Analysis;
  readonly project: Project;
  /** The same with what was found out meanwhile: its findings are told. */
  readonly analysedAgain?: () => Analysis | undefined;
  /** UTF-16 offset of the pointer. */
  readonly offset: number;
  readonly markdown: boolean;
  /** What may be looked up for a hover; it answers in a time that a pointer waits. */
  readonly fetch: FetchFact;
  /** What the policy requires of packages. */
  readonly demands?: ProvenanceDemands | undefined;
}

/** The papers of what is under the pointer, or the explanation of a package manager's setting; undefined where there is neither. */
export async function hover(context: HoverContext, signal: AbortSignal): Promise<Hover | undefined> {
  const { document, analysis, analysedAgain, markdown } = context;
  const found = (await packageHover(context, signal)) ?? (await referenceHover(context, signal)) ?? settingHover(context);
  if (found === undefined) return undefined;
  const { span, card, about = [span] } = found;
  const all = (analysedAgain?.() ?? analysis).findings;
  const findings = all.filter((finding) => about.some(({ start, end }) => finding.span.start < end && start < finding.span.end));
  const whole = withFindings(card, [...new Set(findings.map(({ rule }) => rule))], findings.length);
  return {
    contents: markdown ? { kind: MarkupKind.Markdown, value: cardMarkdown(whole) } : { kind: MarkupKind.PlainText, value: cardText(whole) },
    range: { start: document.positionAt(span.start), end: document.positionAt(span.end) },
  };
}

/** A card and where it belongs. */
interface Found {
  readonly span: Span;
  readonly card: Omit<Card, 'findings'>;
  /** The places whose findings belong to it; the span alone unless given. */
  readonly about?: readonly Span[];
}

/** A verdict goes with how many findings there are: one without the other would be half of it. */
function withFindings(card: Omit<Card, 'findings'>, findings: readonly string[], count: number): Card {
  const { verdict } = card;
  if (verdict === undefined) return { ...card, findings };
  return { ...card, findings, verdict: `${verdict}, ${count === 0 ? 'no findings' : `${count} ${count === 1 ? 'finding' : 'findings'}`}` };
}

async function packageHover({ analysis, project, offset, fetch, demands }: HoverContext, signal: AbortSignal): Promise<Found | undefined> {
  const { manifest } = analysis;
  const subject = packageSubject(manifest, project, offset) ?? commandSubject(manifest, project, offset);
  if (subject === undefined) return undefined;
  const facts = await packageFacts(subject, fetch, signal);
  const card = packageCard(subject, facts, { project, path: subject.home ?? manifest.file.path, fetch, demands });
  return { span: subject.span, card, about: subject.about };
}

async function referenceHover({ analysis, offset, fetch }: HoverContext, signal: AbortSignal): Promise<Found | undefined> {
  const reference = analysis.manifest.refs.find((candidate) => holds(wholeSpan(candidate), offset));
  if (reference === undefined || reference.ecosystem === 'npm') return undefined;
  const own = reference.ecosystem === 'oci' ? imageFacts(reference) : actionFacts(reference);
  const lines = [...own, ...(await lookedUp(reference, fetch, signal))];
  const verdict = pinWords(reference.verdict);
  // When it was said stands last, as on every card.
  const last = lines.at(-1)?.label === AS_OF ? lines.splice(-1) : [];
  const provenance = verdict === undefined ? [] : [unknownLine('Provenance', 'Waybill does not verify that of images and actions')];
  const card = { title: reference.name || reference.requested, lines: [...lines, ...provenance, ...last] };
  return { span: wholeSpan(reference), card: verdict === undefined ? card : { ...card, verdict } };
}

async function lookedUp(reference: ActionReference | ImageReference, fetch: FetchFact, signal: AbortSignal): Promise<CardLine[]> {
  if (reference.ecosystem === 'oci') return await imagePapers(reference, fetch, signal);
  const repository = papersKey(reference);
  return repository === undefined ? [] : [...actionPapers(reference, await fetch(gitRefs, repository, signal))];
}

/** The verdict of a card's first line: whether it stays what it is. Undefined for what comes from nowhere else. */
function pinWords(verdict: ImageReference['verdict'] | ActionReference['verdict']): string | undefined {
  switch (verdict) {
    case 'pinned':
      return 'pinned';
    case 'mutable-tag':
    case 'latest':
    case 'implicit-latest':
    case 'unpinned':
    case 'branch-ref':
    case 'short-sha':
    case 'missing-ref':
      return 'not pinned';
    case 'unresolved':
    case 'template':
    case 'docker-image-url':
      return 'pinning unknown';
    case 'invalid':
    case 'invalid-uses':
      return 'not valid';
    default:
      return undefined;
  }
}

function settingHover({ analysis, project, offset }: HoverContext): Found | undefined {
  const setting = settingCard(analysis, project, offset);
  return setting && { span: setting.span, card: { title: setting.title, lines: setting.lines } };
}

function holds(span: Span, offset: number): boolean {
  return span.start <= offset && offset <= span.end;
}

function* imageFacts({ name, image, verdict, resolved, requested, reason }: ImageReference): Generator<CardLine> {
  if (resolved !== undefined && resolved !== requested) yield codeLine('Stands for', resolved);
  // Mostly the card's title.
  const whole = image && `${image.registry}/${image.repository}`;
  if (whole !== undefined && whole !== name) yield codeLine('Repository', whole);
  if (image?.tag !== undefined) yield codeLine('Tag', image.tag);
  yield textLine('Pinned', imagePin(verdict, reason));
  if (image?.digest !== undefined) yield codeLine('Digest', image.digest);
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

function* actionFacts({ name, owner, repo, ref, verdict, comment, subPath }: ActionReference): Generator<CardLine> {
  // Mostly the card's title.
  if (owner !== '' && name !== `${owner}/${repo}`) yield codeLine('Repository', `${owner}/${repo}`);
  if (subPath !== '') yield codeLine('Path', subPath);
  if (ref !== '') yield codeLine('Ref', ref);
  if (comment !== undefined && comment.text !== '') yield codeLine('Comment', comment.text);
  yield textLine('Pinned', actionPin(verdict));
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
