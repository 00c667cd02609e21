/** The bundles in `dist` that the server in a web worker is made of, besides its own: those that it shares with Node.js. */
export const SHARED_BUNDLES = ['engine.js', 'yaml.js', 'toml.js', 'tables.js', 'lock-change.js'] as const;

/**
 * Puts bundles in the form of CommonJS together to one script for a worker. A shared bundle runs when it is first asked for, by
 * `require('./NAME')`; asking for any other one throws there.
 *
 * @param main the text of the bundle that runs at once
 * @param bundles the texts of the others, by file name
 */
export function workerScript(main: string, bundles: Readonly<Record<string, string>>): string {
  const parts = Object.entries(bundles).map(([name, text]) => `${JSON.stringify(`./${name}`)}: (module, exports, require) => {${text}\n}`);
  return `(() => {
const parts = { ${parts.join(',\n')} };
const modules = {};
const require = (name) => {
  if (modules[name]) return modules[name].exports;
  if (!parts[name]) throw new Error(\`no bundle \${name}\`);
  const module = (modules[name] = { exports: {} });
  parts[name](module, module.exports, require);
  return module.exports;
};
((module, exports) => {${main}\n})({}, {});
})();
`;
}
