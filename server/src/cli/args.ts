import { type ParseArgsConfig, parseArgs } from 'node:util';
import { nearest } from '../core/did-you-mean.ts';
import { SEVERITIES, type Severity } from '../core/finding.ts';
import { ECOSYSTEMS, type Ecosystem } from '../core/lookalike.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { oneOf, optional, text, type Values } from './arg-values.ts';
import { readVerify, VERIFY_OPTIONS, type VerifyArgs } from './verify-args.ts';

/** The output formats of `check`. */
export const OUTPUT_FORMATS = ['text', 'json', 'sarif', 'github'] as const;

/** One of `OUTPUT_FORMATS`. */
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** What `check` was asked to do. */
export interface CheckArgs {
  readonly command: 'check';
  readonly paths: readonly string[];
  readonly format: OutputFormat;
  readonly output?: string;
  readonly fix: boolean;
  readonly online: boolean;
  readonly strict: boolean;
  readonly trust: boolean;
  readonly policy?: string;
  readonly failOn: Severity | 'never';
  readonly minSeverity: Severity;
  /** The name that the text on standard input goes by. */
  readonly stdin?: string;
}

/** What the command line asks for. */
export type Command =
  | CheckArgs
  | VerifyArgs
  | { readonly command: 'explain'; readonly rule: string }
  | { readonly command: 'rules'; readonly format: 'text' | 'json'; readonly data: boolean }
  | { readonly command: 'lookalike'; readonly ecosystem: Ecosystem; readonly name?: string; readonly online: boolean }
  | { readonly command: 'lsp' }
  | { readonly command: 'help'; readonly topic?: string }
  | { readonly command: 'version' };

const COMMANDS = ['check', 'verify', 'explain', 'rules', 'lookalike', 'lsp', 'help', 'version'] as const;

const OPTIONS = {
  check: {
    format: { type: 'string' },
    output: { type: 'string', short: 'o' },
    fix: { type: 'boolean' },
    online: { type: 'boolean' },
    strict: { type: 'boolean' },
    trust: { type: 'boolean' },
    policy: { type: 'string' },
    'fail-on': { type: 'string' },
    'min-severity': { type: 'string' },
    stdin: { type: 'boolean' },
    'stdin-filename': { type: 'string' },
  },
  verify: VERIFY_OPTIONS,
  explain: {},
  rules: { format: { type: 'string' }, data: { type: 'boolean' } },
  lookalike: { stdin: { type: 'boolean' }, ecosystem: { type: 'string' }, online: { type: 'boolean' } },
  lsp: { stdio: { type: 'boolean' } },
} as const satisfies Record<string, ParseArgsConfig['options']>;

/** Reads the command line without the program's name. Fails with a sentence that says what is wrong and what is allowed. */
export function readArgs(argv: readonly string[]): Result<Command> {
  const [first, ...rest] = argv;
  if (first === undefined || first === '--help' || first === '-h') return ok({ command: 'help' });
  if (first === '--version' || first === '-v') return ok({ command: 'version' });
  const name = COMMANDS.find((command) => command === first);
  if (name === undefined) {
    const near = nearest(first, COMMANDS);
    return fail(
      `there is no command "${first}"${near === undefined ? '' : `; did you mean "${near}"?`} Run "waybill help" for all of them.`,
    );
  }
  if (name === 'version') return ok({ command: 'version' });
  if (name === 'help') return ok({ command: 'help', ...(rest[0] === undefined ? {} : { topic: rest[0] }) });
  if (rest.includes('--help') || rest.includes('-h')) return ok({ command: 'help', topic: name });
  const parsed = parseOptions(rest, OPTIONS[name]);
  if (!parsed.ok) return fail(`${parsed.error} Run "waybill help ${name}" for its options.`);
  const { values, positionals } = parsed.value;
  switch (name) {
    case 'check':
      return readCheck(values, positionals);
    case 'verify':
      return readVerify(values, positionals);
    case 'explain':
      if (positionals[0] === undefined || positionals.length > 1) return fail('explain takes one rule: waybill explain image/unpinned');
      return ok({ command: 'explain', rule: positionals[0] });
    case 'rules': {
      const format = oneOf(values, 'format', ['text', 'json'] as const, 'text');
      if (positionals.length > 0) return fail('rules takes no path');
      return format.ok ? ok({ command: 'rules', format: format.value, data: values.data === true }) : format;
    }
    case 'lookalike': {
      const ecosystem = oneOf(values, 'ecosystem', ECOSYSTEMS, 'npm');
      const [name, ...more] = positionals;
      if ((values.stdin === true) === (name !== undefined) || more.length > 0)
        return fail('lookalike takes one name, or many from standard input: waybill lookalike NAME, waybill lookalike --stdin');
      const online = values.online === true;
      if (online && name === undefined) return fail('lookalike --stdin makes no connection; --online is for one name');
      return ecosystem.ok
        ? ok({ command: 'lookalike', ecosystem: ecosystem.value, online, ...(name === undefined ? {} : { name }) })
        : ecosystem;
    }
    case 'lsp':
      return positionals.length > 0 ? fail('lsp takes no path: waybill lsp --stdio') : ok({ command: 'lsp' });
  }
}

function parseOptions(args: string[], options: NonNullable<ParseArgsConfig['options']>): Result<{ values: Values; positionals: string[] }> {
  const unknownOption = args
    .slice(0, args.includes('--') ? args.indexOf('--') : undefined)
    .find((arg) => /^--[^=]/.test(arg) && !Object.hasOwn(options, arg.slice(2).replace(/=.*$/, '')));
  if (unknownOption !== undefined) {
    const near = nearest(unknownOption.slice(2).replace(/=.*$/, ''), Object.keys(options));
    return fail(`there is no option "${unknownOption}"${near === undefined ? '.' : `; did you mean "--${near}"?`}`);
  }
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true, strict: true });
    // Texts, and lists of texts where `multiple` is declared.
    return ok({ values: values as Values, positionals });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function readCheck(values: Values, positionals: readonly string[]): Result<Command> {
  const format = oneOf(values, 'format', OUTPUT_FORMATS, 'text');
  const failOn = oneOf(values, 'fail-on', [...SEVERITIES, 'never'] as const, 'warning');
  const minSeverity = oneOf(values, 'min-severity', SEVERITIES, 'warning');
  if (!format.ok) return format;
  if (!failOn.ok) return failOn;
  if (!minSeverity.ok) return minSeverity;
  const stdin = values.stdin === true;
  const stdinName = text(values, 'stdin-filename');
  if (stdin && stdinName === undefined) return fail('--stdin needs --stdin-filename NAME: the name tells what kind of file it is');
  if (!stdin && stdinName !== undefined) return fail('--stdin-filename goes with --stdin');
  if (stdin && positionals.length > 0) return fail('--stdin and a PATH cannot go together');
  if (stdin && values.fix === true && text(values, 'output') === undefined && format.value !== 'text') {
    return fail('with --stdin --fix the fixed text goes to standard output; send the report to a file with --output');
  }
  if (positionals.includes('')) return fail('a PATH is empty');
  return ok({
    command: 'check',
    paths: positionals.length > 0 ? positionals : ['.'],
    format: format.value,
    fix: values.fix === true,
    online: values.online === true,
    strict: values.strict === true,
    trust: values.trust === true,
    failOn: failOn.value,
    minSeverity: minSeverity.value,
    ...optional('output', text(values, 'output')),
    ...optional('policy', text(values, 'policy')),
    ...optional('stdin', stdin ? stdinName : undefined),
  });
}
