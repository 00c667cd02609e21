import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Notes every attempt of a process to open a connection or to look up a host name. */
export interface SocketSpy {
  /** Goes into the process's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What was attempted so far, one line each: `connect 127.0.0.1:80`, `lookup example.test`. */
  attempts(): string[];
}

/** A spy whose files are in a folder. Connections are refused to all but loopback, so that a failing test reaches nobody. */
export function socketSpy(folder: string): SocketSpy {
  const log = path.join(folder, 'attempts.log');
  const module = path.join(folder, 'spy.cjs');
  writeFileSync(
    module,
    `const { appendFileSync } = require('node:fs');
const note = (text) => appendFileSync(${JSON.stringify(log)}, text + '\\n');
const net = require('node:net');
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const [first] = Array.isArray(args[0]) ? args[0] : args;
  const { host = 'localhost', port, path } = typeof first === 'object' ? first : { port: first };
  note('connect ' + (path ?? host + ':' + port));
  if (!/^(127\\.|localhost$|::1$)/.test(host)) throw new Error('not in a test');
  return connect.apply(this, args);
};
const dns = require('node:dns');
for (const [holder, names] of [[dns, ['lookup', 'resolve', 'resolve4', 'resolve6']], [dns.promises, ['lookup', 'resolve']]])
  for (const name of names) {
    const original = holder[name];
    holder[name] = function (host, ...rest) { note('lookup ' + host); return original.call(this, host, ...rest); };
  }
const dgram = require('node:dgram');
const send = dgram.Socket.prototype.send;
dgram.Socket.prototype.send = function (...args) { note('datagram'); return send.apply(this, args); };
const fetched = globalThis.fetch;
globalThis.fetch = function (...args) { note('fetch ' + args[0]); return fetched.apply(this, args); };
`,
  );
  return {
    env: { NODE_OPTIONS: `--require=${module}` },
    attempts: () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : []),
  };
}
