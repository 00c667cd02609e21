// What the bundles and the packaged extension weigh.

import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** Bytes against the budgets of the project. The package is only there after `npm run package`. */
export function benchBytes({ isWanted }) {
  const title = 'bytes';
  if (!isWanted(title)) return { title, rows: [] };
  const budgets = [
    ['dist/client.js', 480_000],
    ['dist/server.js', 700_000],
    ['dist/cli.js', 900_000],
  ];
  const packages = ['.', 'out'].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).flatMap((name) => (name.endsWith('.vsix') ? [[path.join(folder, name), 1_500_000]] : [])) : [],
  );
  const rows = [...budgets, ...packages].map(([file, goal]) => ({ file, bytes: statSync(file).size, goal }));
  return { title, rows };
}
