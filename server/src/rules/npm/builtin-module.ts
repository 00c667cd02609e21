/** The modules that Node.js itself has (`module.builtinModules` of Node 24, without what begins with `_` and without parts). */
const NODE_MODULES: ReadonlySet<string> = new Set(
  (
    'assert async_hooks buffer cluster console constants crypto dgram diagnostics_channel dns domain events fs http http2 ' +
    'https inspector module net os path perf_hooks process punycode querystring readline repl stream string_decoder sys timers tls ' +
    'trace_events tty url util v8 vm wasi worker_threads zlib'
  ).split(' '),
);

/** Whether a name is that of a module of Node.js. Projects require packages of these names by mistake, and get an empty one. */
export function isNodeModule(name: string): boolean {
  return NODE_MODULES.has(name);
}
