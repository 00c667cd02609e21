// Scaffolds a rule: `npm run new:rule area/defect`. Writes the rule, its page and three fixtures, then runs gen.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

process.chdir(path.resolve(import.meta.dirname, '..'));
const id = process.argv[2] ?? '';
if (!/^[a-z0-9]+\/[a-z0-9]+(-[a-z0-9]+)*$/.test(id)) {
  console.error('usage: npm run new:rule area/defect   (kebab-case, for example image/unpinned)');
  process.exit(2);
}
if (existsSync(`server/src/rules/${id}.ts`)) {
  console.error(`server/src/rules/${id}.ts exists already`);
  process.exit(2);
}
const { version } = JSON.parse(await readFile('package.json', 'utf8'));

const rule = `import type { Rule } from '../../core/rule.ts';

/** One sentence: what is wrong, and which attack or accident it lets in. */
export const rule: Rule = {
  meta: {
    id: '${id}',
    title: 'Say what it finds',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dockerfile'],
    needs: [],
    fix: 'none',
    since: '${version}',
    securitySeverity: '5.0',
    refs: [],
    messages: {
      found: { what: '\`{text}\` is wrong.', why: 'Say why it matters.', remedy: 'Say what to do.' },
    },
  },
  check({ manifest, report }) {
    for (const problem of manifest.problems) report({ messageId: 'found', args: { text: problem.message }, span: problem.span });
  },
};
`;
const page = `# ${id}

<!-- gen:facts -->
<!-- /gen:facts -->

## What it finds

## Why it matters

## How to fix it

\`\`\`dockerfile bad
FROM scratch
\`\`\`

\`\`\`dockerfile good
FROM scratch
\`\`\`

## When not to use it

## References
`;
const files = {
  [`server/src/rules/${id}.ts`]: rule,
  [`docs/rules/${id}.md`]: page,
  ...Object.fromEntries(
    ['bad', 'good', 'lookalike'].map((name) => [
      `test/rules/${id}/${name}.txt`,
      `Say what this case is about.\n--- input Dockerfile\nFROM scratch\n`,
    ]),
  ),
};
for (const [file, content] of Object.entries(files)) {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
  console.log(`wrote ${file}`);
}
const gen = spawnSync(process.execPath, ['scripts/gen.mjs'], { stdio: 'inherit' });
console.log(`Next: write the rule, its page and its fixtures; \`UPDATE=1 npm test rules docs\` fills in the goldens: read them.`);
process.exit(gen.status ?? 1);
