import type { LookalikeJudge } from '../core/lookalike.ts';

/** What the command line touches of the process; tests and the bundle give the real one. */
export interface Io {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: OutStream;
  readonly stderr: OutStream;
  /** Aborted on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** All of standard input as UTF-8; a byte order mark stays. */
  readStdin(): string;
  /** The list of names that others imitate; undefined where it cannot be read. */
  lookalikes(): LookalikeJudge | undefined;
}

/** A stream that text goes to. */
export interface OutStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}
