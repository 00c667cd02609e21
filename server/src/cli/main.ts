import { readFileSync, realpathSync } from 'node:fs';
import { VERSION } from '../data/product.generated.ts';
import { decode } from '../disk/files.ts';
import { readLookalikeList } from '../disk/lookalike-list.ts';
import { checkRuleName } from '../engine/rule-names.ts';
import { rules } from '../rules/index.ts';
import { type Command, readArgs } from './args.ts';
import { check, EXIT } from './check.ts';
import { helpText } from './help.ts';
import type { Io } from './io.ts';
import { startLanguageServer } from './language-server.ts';
import { lookalike } from './lookalike.ts';
import { rulePage } from './pages.ts';
import { dataReport, rulesReport } from './reporters/rules.ts';
import { verify } from './verify.ts';

/** Runs one command and gives the exit status. */
async function run(command: Command, io: Io): Promise<number> {
  switch (command.command) {
    case 'help':
      io.stdout.write(`${helpText(command.topic)}\n`);
      return EXIT.ok;
    case 'version':
      io.stdout.write(`${VERSION}\n`);
      return EXIT.ok;
    case 'rules':
      io.stdout.write(command.data ? dataReport(io.lookalikes(), command.format) : rulesReport(rules, command.format));
      return EXIT.ok;
    case 'explain': {
      if (rules.some(({ meta }) => meta.id === command.rule)) {
        io.stdout.write(rulePage(command.rule));
        return EXIT.ok;
      }
      io.stderr.write(`waybill: ${checkRuleName(command.rule) ?? `"${command.rule}" is an area; name one of its rules`}\n`);
      return EXIT.failed;
    }
    case 'lookalike':
      return await lookalike(command, io);
    case 'lsp':
      return await startLanguageServer();
    case 'check':
      return await check(command, io);
    case 'verify':
      return await verify(command, io);
  }
}

async function main(): Promise<void> {
  const abort = new AbortController();
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupted) process.exit(130);
      interrupted = true;
      abort.abort();
    });
  }
  // A reader that goes away (`waybill check | head`) is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed));
  const io: Io = {
    cwd: process.cwd(),
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: abort.signal,
    readStdin: () => decode(readFileSync(0)),
    lookalikes: () => readLookalikeList(realpathSync(process.argv[1] ?? '.')),
  };
  const command = readArgs(process.argv.slice(2));
  if (!command.ok) {
    process.stderr.write(`waybill: ${command.error}\n`);
    process.exitCode = EXIT.failed;
    return;
  }
  const status = await run(command.value, io);
  process.exitCode = interrupted ? 130 : status;
}

main().catch((error: unknown) => {
  process.stderr.write(`waybill: a defect of Waybill: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = EXIT.failed;
});
