import { sourceSpan } from '../core/mapped-text.ts';
import type { Script } from '../core/script.ts';
import { contains, type Span } from '../core/span.ts';
import { type Download, downloadOf } from './download.ts';
import { remoteRunsOf } from './remote-code.ts';
import { shellOf, walkCommands, walkShell } from './shell.ts';
import { type Invocation, interpretationOf, invocationOf } from './shell-invocation.ts';
import type { CommandList, Pipeline, ShellNode, SimpleCommand, Word } from './shell-tree.ts';

/** What a script does that is not what its own text says. Spans go from the first to the last word of the command. */
export type HiddenWork =
  | { readonly kind: 'download'; readonly download: Download; readonly span: Span }
  | { readonly kind: 'decode'; readonly decoder: string; readonly span: Span }
  | { readonly kind: 'evaluate'; readonly program: string; readonly span: Span }
  | { readonly kind: 'send'; readonly program: string; readonly what: string; readonly span: Span };

/**
 * The places of a script where something is downloaded, decoded and run, evaluated from text that reaches out, or where secrets
 * leave, in document order. What is downloaded and run at once is left out: `run/pipe-to-shell` says that.
 */
export function hiddenWorkOf(script: Script): HiddenWork[] {
  const runs = remoteRunsOf(script).flatMap(({ span, downloadSpan }) => [span, ...(downloadSpan === undefined ? [] : [downloadSpan])]);
  const found: HiddenWork[] = [];
  let looked = 0;
  const add = (work: HiddenWork): void => {
    if (looked++ >= MAX_WORKS) return;
    const isTold = runs.some((run) => contains(run, work.span)) || found.some(({ span }) => contains(span, work.span));
    if (!isTold) found.push(work);
  };
  walkShell(shellOf(script), {
    pipeline(pipeline) {
      const work = decodedAndRun(pipeline) ?? sentByPipeline(pipeline);
      if (work !== undefined) add(work);
    },
    command(command) {
      const invocation = invocationOf(command);
      const work = invocation && (sent(invocation) ?? evaluated(invocation) ?? downloaded(invocation));
      if (work !== undefined) add(work);
    },
  });
  return found.sort((a, b) => a.span.start - b.span.start);
}

/** So many places of one script are looked at; nobody reads more of one line. */
const MAX_WORKS = 200;

function placeOf({ words: [first], command }: Invocation): Span {
  return sourceSpan(command.source, first?.start ?? command.start, command.words.at(-1)?.end ?? command.end);
}

function pipelineSpan({ commands }: Pipeline, source: SimpleCommand['source']): Span {
  const [first] = commands;
  const last = commands.at(-1);
  return sourceSpan(source, first === undefined ? 0 : first.start, last?.end ?? 0);
}

function downloaded(invocation: Invocation): HiddenWork | undefined {
  const download = downloadOf(invocation);
  return download === undefined || download.trusted || download.url === ''
    ? undefined
    : { kind: 'download', download, span: placeOf(invocation) };
}

/** Text for an interpreter that reaches out, or that unpacks other text to run it. */
const REACHES_OUT =
  /https?:\/\/|\bfetch\s*\(|require\(\s*['"`](?:node:)?(?:https?|http2|net|tls|dns|dgram)['"`]|\bimport\(\s*['"`](?:node:)?(?:https?|http2|net|tls|dns|dgram)['"`]|\burllib|\brequests\.(?:get|post)|\bsocket\.socket|LWP::|Net::HTTP|IO::Socket/i;
const UNPACKS = /\batob\s*\(|['"`]base64['"`]|b64decode|fromCharCode|\bunhexlify|decode_base64|Base64\.decode|\bmarshal\.loads/i;
const EVALUATES = /\beval\s*\(|new\s+Function\s*\(|\bexec\s*\(|\bexecSync\s*\(|\bspawn(?:Sync)?\s*\(|\bvm\.run|\bsystem\s*\(|\bpopen\s*\(/i;

function evaluated(invocation: Invocation): HiddenWork | undefined {
  const interpretation = interpretationOf(invocation);
  const program = invocation.name;
  if (interpretation?.language === 'powershell' && invocation.words.some(({ value }) => /^-e(?:nc|ncodedcommand)?$/i.test(value)))
    return { kind: 'decode', decoder: program, span: placeOf(invocation) };
  if (interpretation?.language !== 'other' || interpretation.program.kind !== 'code') return undefined;
  const code = interpretation.program.words.map(({ value }) => value.slice(0, MAX_CODE_UNITS)).join(' ');
  if (REACHES_OUT.test(code) || (UNPACKS.test(code) && EVALUATES.test(code)))
    return { kind: 'evaluate', program, span: placeOf(invocation) };
  return undefined;
}

/** How much of a program's text is looked at, in UTF-16 units. */
const MAX_CODE_UNITS = 65_536;

/** The name of a command that turns an encoding into what it hides; undefined for every other one. */
function decoderOf(node: ShellNode): string | undefined {
  const invocation = node.kind === 'simple' ? invocationOf(node) : undefined;
  if (invocation === undefined) return undefined;
  const { name, words } = invocation;
  const options = words.slice(1).map(({ value }) => value);
  if (/^g?base(?:64|32)$/.test(name)) return options.some((one) => /^(?:-[a-z]*[dD]|--decode)$/.test(one)) ? name : undefined;
  if (name === 'openssl') return options.includes('-d') ? name : undefined;
  if (name === 'xxd') return options.some((one) => /^-[a-z]*r/.test(one)) ? name : undefined;
  return name === 'uudecode' ? name : undefined;
}

function decoderIn(list: CommandList): string | undefined {
  let found: string | undefined;
  walkCommands(list, {
    command(command) {
      found ??= decoderOf(command);
    },
  });
  return found;
}

/** `base64 -d | sh`, `eval "$(... | base64 -d)"`, `sh -c "$(base64 -d ...)"`. */
function decodedAndRun(pipeline: Pipeline): HiddenWork | undefined {
  let decoder: string | undefined;
  for (const node of pipeline.commands) {
    const invocation = node.kind === 'simple' ? invocationOf(node) : undefined;
    const program = invocation && interpretationOf(invocation)?.program;
    if (invocation !== undefined && program !== undefined) {
      const inner = program.kind === 'code' ? decoderInWords(program.words) : undefined;
      if (inner !== undefined) return { kind: 'decode', decoder: inner, span: placeOf(invocation) };
      if (decoder !== undefined && program.kind === 'stdin')
        return { kind: 'decode', decoder, span: pipelineSpan(pipeline, invocation.command.source) };
    }
    decoder ??= decoderOf(node);
  }
  return undefined;
}

function decoderInWords(words: readonly Word[]): string | undefined {
  return words.flatMap(({ substitutions }) => substitutions.flatMap(({ body }) => decoderIn(body) ?? []))[0];
}

const SENDS = new Set(['curl', 'wget', 'http', 'https', 'xh', 'nc', 'ncat', 'netcat', 'socat', 'telnet', 'scp', 'rsync', 'ftp']);

/** Variables and files whose value opens something. */
const SECRET_VARIABLE = /\$\{?\w*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|PRIVATE_KEY|ACCESS_KEY|CREDENTIALS?|_AUTH)\w*\}?/i;
const SECRET_FILE =
  /(?:^|[/@=~])\.(?:npmrc|yarnrc\.yml|netrc|env|ssh\/|aws\/|docker\/config\.json|kube\/config|git-credentials)|\/proc\/\w+\/environ/;
/** Options of download tools that only say who asks: a token in a header is how private files are fetched. */
const IDENTIFIES = /^(?:-H|--header|-u|--user|--oauth2-bearer|-b|--cookie|--http-user|--http-password|-i|-e|--rsh)$/;

/** `curl -d "$(env)"`, `curl -F f=@$HOME/.npmrc`, `nc host < ~/.ssh/id_rsa`, a token in an address. */
function sent(invocation: Invocation): HiddenWork | undefined {
  const { name, words, command } = invocation;
  if (!SENDS.has(name)) return undefined;
  const inputs = command.redirections.flatMap(({ operator, target }) => (operator.startsWith('<') && target !== undefined ? [target] : []));
  const carried = words.slice(1).filter((_, at) => !IDENTIFIES.test(words[at]?.value ?? ''));
  for (const word of [...carried, ...inputs]) {
    const what = secretIn(word);
    if (what !== undefined) return { kind: 'send', program: name, what, span: placeOf(invocation) };
  }
  return undefined;
}

function secretIn({ value, substitutions, dynamic }: Word): string | undefined {
  if (SECRET_FILE.test(value)) return SECRET_FILE.exec(value)?.[0].replace(/^[@=~/]+(?=\.)/, '') ?? value;
  for (const { body } of substitutions) {
    const source = environmentIn(body);
    if (source !== undefined) return source;
  }
  return dynamic ? SECRET_VARIABLE.exec(value)?.[0] : undefined;
}

/** `env`, `printenv`, `set` and `export -p` without anything to run. */
function environmentSource(node: ShellNode): string | undefined {
  if (node.kind !== 'simple') return undefined;
  const [first, second] = node.words.map(({ value }) => value);
  if (first === 'printenv' || (first === 'env' && second === undefined) || (first === 'export' && second === '-p')) return first;
  return first === 'cat' && node.words.some(({ value }) => SECRET_FILE.test(value)) ? 'a file with credentials' : undefined;
}

function environmentIn(list: CommandList): string | undefined {
  let found: string | undefined;
  walkCommands(list, {
    command(command) {
      found ??= environmentSource(command);
    },
  });
  return found;
}

/** `env | curl -d @- ...`. */
function sentByPipeline(pipeline: Pipeline): HiddenWork | undefined {
  let what: string | undefined;
  for (const node of pipeline.commands) {
    const invocation = node.kind === 'simple' ? invocationOf(node) : undefined;
    if (what !== undefined && invocation !== undefined && SENDS.has(invocation.name))
      return { kind: 'send', program: invocation.name, what, span: pipelineSpan(pipeline, invocation.command.source) };
    what ??= environmentSource(node);
  }
  return undefined;
}
