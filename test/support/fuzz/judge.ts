import type { Answer, FactKind } from '../../../server/src/core/answer.ts';
import { absent, known, unknown } from '../../../server/src/core/answer.ts';
import type { Edit, Finding, Fix } from '../../../server/src/core/finding.ts';
import type { Manifest } from '../../../server/src/core/manifest.ts';
import type { Span } from '../../../server/src/core/span.ts';
import { splitsPair } from '../../../server/src/core/text.ts';
import { type Analysis, analyse } from '../../../server/src/engine/analyse.ts';
import { applyEdits, editsOf, planSafeFixes } from '../../../server/src/engine/edits.ts';
import type { FactView } from '../../../server/src/engine/fact-store.ts';
import { formatForPath } from '../../../server/src/engine/formats.ts';
import { rules } from '../../../server/src/rules/index.ts';
import { type Facts, type Files, memoryProject, shippedLookalikes, sourceFile } from '../memory-project.ts';

/** The longest that one document may take, in ms of processor time. Such a one is measured again before it counts. */
export const TIME_LIMIT_MS = 1_000;

/** How many fixes of one document are tried, each of which costs one more analysis. Which ones depends on the document. */
const MAX_TRIED_FIXES = 3;

/** A document with what lies around it. */
export interface Input {
  readonly path: string;
  readonly text: string;
  readonly files: Files;
  readonly facts: Facts;
  /** What is made up for facts that are not in `facts`. */
  readonly madeUp: 'known' | 'absent' | 'offline';
}

/** What is wrong with how a document was read, judged or fixed: one line that names the kind; undefined where nothing is. */
export async function faultOf(input: Input): Promise<string | undefined> {
  try {
    const started = process.cpuUsage();
    const analysis = analyseInput(input);
    const isSlow = processorMs(started) > TIME_LIMIT_MS && timeOf(input) > TIME_LIMIT_MS;
    if (isSlow) return `slower than ${TIME_LIMIT_MS} ms`;
    return spanFault(analysis) ?? (await fixFault(input, analysis));
  } catch (error) {
    return `threw ${error instanceof Error ? `${error.message}${error.cause instanceof Error ? `: ${error.cause.stack}` : error.stack}` : String(error)}`;
  }
}

function timeOf(input: Input): number {
  const started = process.cpuUsage();
  analyseInput(input);
  return processorMs(started);
}

/** The processor time since then, in ms: what others do on the machine does not count. */
function processorMs(since: NodeJS.CpuUsage): number {
  return process.cpuUsage(since).user / 1000;
}

function analyseInput({ path, text, files, facts, madeUp }: Input): Analysis {
  const format = formatForPath(path);
  if (format === undefined) throw new Error(`no format reads ${path}`);
  return analyse(format.parse(sourceFile(path, text)), {
    rules,
    policy: { rules: STRICT, ignore: [] },
    surroundings: memoryProject({ ...files, [path]: text }),
    facts: view(facts, madeUp),
    lookalikes: shippedLookalikes(),
    onRuleError: (rule, _format, error) => {
      throw new Error(`${rule} threw`, { cause: error });
    },
  });
}

/** Every rule is on, also those that are off unless asked for. */
const STRICT = Object.fromEntries(rules.filter(({ meta }) => meta.tier === 'strict').map(({ meta }) => [meta.id, 'hint' as const]));

function view(facts: Facts, madeUp: Input['madeUp']): FactView {
  return {
    get: <K, V>(kind: FactKind<K, V>, key: K) =>
      // The fixtures' author and the table below write each kind's own type.
      (facts[`${kind.id} ${kind.key(key)}`] ?? madeUpFact(kind.id, madeUp)) as Answer<V>,
  };
}

function madeUpFact(kind: string, madeUp: Input['madeUp']): Answer<unknown> {
  if (madeUp === 'absent') return absent(0);
  const value = MADE_UP[kind];
  return madeUp === 'known' && value !== undefined ? known(value, 0) : unknown('offline');
}

const MADE_UP: Readonly<Record<string, unknown>> = {
  'git-refs': {
    head: 'refs/heads/main',
    refs: [
      { name: 'refs/heads/main', oid: 'a'.repeat(40) },
      { name: 'refs/tags/v4', oid: 'b'.repeat(40) },
      { name: 'refs/tags/v4.2.2', oid: 'c'.repeat(40), peeled: 'b'.repeat(40) },
      { name: 'refs/tags/v1', oid: 'd'.repeat(40) },
    ],
  },
  'oci-registry': { digest: `sha256:${'e'.repeat(64)}`, mediaType: 'application/vnd.oci.image.index.v1+json' },
};

function spanFault({ manifest, findings, suppressed }: Analysis): string | undefined {
  const { text } = manifest.file;
  const fault = (what: string, spans: readonly Span[]) => spans.map((span) => badSpan(text, span)).find((bad) => bad && `${what}: ${bad}`);
  for (const finding of [...findings, ...suppressed.map((one) => one.finding)]) {
    const bad = badSpan(text, finding.span);
    if (bad !== undefined) return `${finding.rule} stands at ${bad}`;
  }
  return (
    fault(
      'ignore comment',
      manifest.ignores.flatMap(({ span, scope, ruleSpans }) => [span, scope, ...ruleSpans]),
    ) ??
    fault(
      'problem',
      manifest.problems.map(({ span }) => span),
    ) ??
    disorder('findings', findings) ??
    disorder('problems', manifest.problems)
  );
}

function disorder(what: string, items: readonly { readonly span: Span }[]): string | undefined {
  const isOrdered = items.every(({ span }, i) => i === 0 || (items[i - 1]?.span.start ?? 0) <= span.start);
  return isOrdered ? undefined : `${what} are not in document order`;
}

function badSpan(text: string, { start, end }: Span): string | undefined {
  if (!(start >= 0 && start <= end && end <= text.length)) return `${start}-${end}, outside of the document`;
  return splitsPair(text, start) || splitsPair(text, end) ? `${start}-${end}, inside a surrogate pair` : undefined;
}

async function fixFault(input: Input, analysis: Analysis): Promise<string | undefined> {
  const { signal } = new AbortController();
  const facts = view(input.facts, input.madeUp);
  const io = { fetch: async <K, V>(kind: FactKind<K, V>, key: K) => facts.get(kind, key) };
  const fixes = analysis.findings.flatMap((finding) => finding.fixes.map((fix) => ({ finding, fix })));
  const first = fixes.length <= MAX_TRIED_FIXES ? 0 : input.text.length % (fixes.length - MAX_TRIED_FIXES);
  for (const { finding, fix } of fixes.slice(first, first + MAX_TRIED_FIXES)) {
    const edits = await editsOf(fix, io, signal);
    if ('failed' in edits) {
      if (edits.failed.startsWith('the fix failed')) return `a fix of ${finding.rule} threw: ${edits.failed}`;
      continue;
    }
    const fault = editFault(analysis.manifest, edits) ?? outcomeFault(input, analysis, { finding, fix, edits });
    if (fault !== undefined) return `"${fix.title}" of ${finding.rule}: ${fault}`;
  }
  const plan = await planSafeFixes(analysis.findings, io, signal);
  const edits = plan.applied.flatMap((one) => one.edits);
  if (edits.length === 0) return undefined;
  const fixed = analyseInput({ ...input, text: applyEdits(input.text, edits) });
  return brokenBy(analysis.manifest, fixed.manifest) ? 'all safe fixes together break the document' : undefined;
}

function editFault({ file }: Manifest, edits: readonly Edit[]): string | undefined {
  const sorted = edits.toSorted((a, b) => a.span.start - b.span.start);
  const overlap = sorted.some(({ span }, i) => i > 0 && span.start < (sorted[i - 1]?.span.end ?? 0));
  if (overlap) return 'its edits overlap';
  const bad = edits.map(({ span }) => badSpan(file.text, span)).find((one) => one !== undefined);
  return bad && `an edit at ${bad}`;
}

interface Tried {
  readonly finding: Finding;
  readonly fix: Fix;
  readonly edits: readonly Edit[];
}

/** A fixed document must be as whole as before, and the same fix must not want to change the same place again. */
function outcomeFault(input: Input, { manifest, findings }: Analysis, { finding, fix, edits }: Tried): string | undefined {
  const text = applyEdits(input.text, edits);
  const fixed = analyseInput({ ...input, text });
  if (brokenBy(manifest, fixed.manifest)) return `it breaks the document:\n${text}`;
  const [edit] = edits;
  if (edit === undefined || fix.online) return undefined;
  const isSame = (other: Finding) => other.rule === finding.rule && other.fixes.some(({ title }) => title === fix.title);
  const again = fixed.findings.find(
    (other) =>
      isSame(other) && other.span.start === finding.span.start && other.fixes.some((one) => one.title === fix.title && changes(one, text)),
  );
  // What was there twice is there once more, perhaps in the very same place.
  const isLess = fixed.findings.filter(isSame).length < findings.filter(isSame).length;
  return again === undefined || isLess ? undefined : `it can be applied again:\n${text}`;
}

function changes(fix: Fix, text: string): boolean {
  return !fix.online && applyEdits(text, fix.edits) !== text;
}

function brokenBy(before: Manifest, after: Manifest): boolean {
  return before.problems.length === 0 && after.problems.length > 0;
}
