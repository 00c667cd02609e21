import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import oniguruma from 'vscode-oniguruma';
import textmate from 'vscode-textmate';

const HERE = 'test/syntaxes';

/** A grammar as package.json contributes it. */
interface Contribution {
  readonly scopeName: string;
  readonly path: string;
  readonly language?: string;
  readonly injectTo?: readonly string[];
}

/** A language as package.json contributes it. */
interface Language {
  readonly id: string;
  readonly filenames: readonly string[];
  readonly configuration: string;
}

const { contributes }: { contributes: { grammars: readonly Contribution[]; languages: readonly Language[] } } = JSON.parse(
  readFileSync('package.json', 'utf8'),
);

/** Our own grammars, and those that they are injected into, as published in `tm-grammars`. */
const GRAMMARS = new Map<string, string>([
  ...contributes.grammars.map((grammar): [string, string] => [grammar.scopeName, grammar.path]),
  ['source.yaml', 'node_modules/tm-grammars/grammars/yaml.json'],
  ['source.dockerfile', 'node_modules/tm-grammars/grammars/docker.json'],
]);

/** Which grammar reads a sample, by the end of its name. */
const SCOPES: readonly (readonly [RegExp, string])[] = [
  [/\.ya?ml$/, 'source.yaml'],
  [/^Dockerfile$/, 'source.dockerfile'],
  [/\.lock$/, 'source.yarnlock'],
];

/** VS Code's regular expression engine. */
const onigLib = oniguruma
  .loadWASM(
    new Uint8Array(readFileSync(path.join(path.dirname(createRequire(import.meta.url).resolve('vscode-oniguruma')), 'onig.wasm'))).buffer,
  )
  .then(() => ({
    createOnigScanner: (patterns: string[]) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text: string) => new oniguruma.OnigString(text),
  }));

/** Reads grammars as VS Code does, with or without our injections. */
function createRegistry({ injected }: { readonly injected: boolean }): InstanceType<typeof textmate.Registry> {
  return new textmate.Registry({
    onigLib,
    loadGrammar: async (scopeName) => {
      const file = GRAMMARS.get(scopeName);
      return file === undefined ? null : textmate.parseRawGrammar(readFileSync(file, 'utf8'), file);
    },
    getInjections: (scopeName) =>
      injected ? contributes.grammars.filter(({ injectTo }) => injectTo?.includes(scopeName)).map((grammar) => grammar.scopeName) : [],
  });
}

const registry = createRegistry({ injected: true });

/** Scopes that say where a token stands and not what it is: no theme colours them, and YAML nests a dozen. */
const PLACES = /^(meta\.(?!.*waybill)|punctuation\.whitespace)/;

/** Every line behind `>`, under it a line for each token: its carets and its scopes, without the grammar's own and `PLACES`. */
async function snapshot(scopeName: string, text: string): Promise<string> {
  const grammar = await registry.loadGrammar(scopeName);
  assert.ok(grammar, `${scopeName} was found`);
  const out: string[] = [];
  let state = textmate.INITIAL;
  for (const line of text.split('\n')) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
    state = ruleStack;
    out.push(`>${line}`);
    for (const { startIndex, endIndex, scopes } of tokens) {
      const telling = scopes.slice(1).filter((scope) => !PLACES.test(scope));
      const length = Math.min(endIndex, line.length) - startIndex;
      if (length <= 0 || telling.length === 0) continue;
      out.push(`#${' '.repeat(startIndex)}${'^'.repeat(length)} ${telling.join(' ')}`);
    }
  }
  return `${out.join('\n')}\n`;
}

const samples = readdirSync(HERE).filter((name) => SCOPES.some(([pattern]) => pattern.test(name)));

for (const name of samples) {
  test(`the tokens of ${name} are those of its snapshot`, async () => {
    const scopeName = SCOPES.find(([pattern]) => pattern.test(name))?.[1] ?? '';
    const actual = await snapshot(scopeName, readFileSync(`${HERE}/${name}`, 'utf8').replaceAll('\r\n', '\n'));
    const golden = `${HERE}/${name}.snap`;
    if (process.env.UPDATE === '1') writeFileSync(golden, actual);
    assert.equal(actual, existsSync(golden) ? readFileSync(golden, 'utf8').replaceAll('\r\n', '\n') : '');
  });
}

test('there is a sample for every grammar that ours are injected into, and for our own language', () => {
  const wanted = new Set(SCOPES.map(([, scopeName]) => scopeName));
  const read = new Set(samples.map((name) => SCOPES.find(([pattern]) => pattern.test(name))?.[1]));
  assert.deepEqual(read, wanted);
});

test('an injection changes no line without anything of ours', async () => {
  const plain = createRegistry({ injected: false });
  for (const name of samples.filter((sample) => !sample.endsWith('.lock'))) {
    const scopeName = SCOPES.find(([pattern]) => pattern.test(name))?.[1] ?? '';
    const [with_, without] = await Promise.all([registry.loadGrammar(scopeName), plain.loadGrammar(scopeName)]);
    assert.ok(with_ && without);
    let before = { ours: textmate.INITIAL, theirs: textmate.INITIAL };
    for (const line of readFileSync(`${HERE}/${name}`, 'utf8').split(/\r?\n/)) {
      const ours: textmate.ITokenizeLineResult = with_.tokenizeLine(line, before.ours);
      const theirs: textmate.ITokenizeLineResult = without.tokenizeLine(line, before.theirs);
      before = { ours: ours.ruleStack, theirs: theirs.ruleStack };
      if (ours.tokens.some(({ scopes }) => scopes.some((scope) => scope.endsWith('.waybill')))) continue;
      assert.deepEqual(ours.tokens, theirs.tokens, `${name}: ${line}`);
    }
  }
});

test('yarn.lock has a language with a configuration that is JSON, and grammars name files that exist', () => {
  for (const { path: file } of contributes.grammars) assert.ok(existsSync(file), file);
  assert.deepEqual(
    contributes.languages.map(({ id, filenames }) => [id, filenames]),
    [
      ['yarnlock', ['yarn.lock']],
      // VS Code's own, for the comments of a policy.
      ['jsonc', ['waybill.json']],
    ],
  );
  const configurations = contributes.languages.flatMap(({ configuration }) => configuration ?? []);
  assert.equal(configurations.length, 1);
  for (const configuration of configurations) assert.doesNotThrow(() => JSON.parse(readFileSync(configuration, 'utf8')));
});
