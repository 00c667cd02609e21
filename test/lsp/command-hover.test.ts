import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatForPath } from '../../server/src/engine/formats.ts';
import { packageWordAt } from '../../server/src/formats/package-word.ts';
import { commandSubject } from '../../server/src/lsp/command-subject.ts';
import { type Files, memoryProject, sourceFile } from '../support/memory-project.ts';
import { factsOf, inScript, lockWith, scriptOf } from './support/command-papers.ts';
import { assertHarmless, shownOver } from './support/hover.ts';

/** Every form: the command with brackets around the word that is pointed at, and the package that the card is about. */
const FORMS: readonly (readonly [string, string])[] = [
  ['npx [left-pad]', 'left-pad'],
  ['npx --yes [left-pad@1.2.0] --width 3', 'left-pad@1.2.0'],
  ['npx -y -- [left-pad@~1.2.0]', 'left-pad@1.2.0'],
  ['npx -p [left-pad@1.3.0] -c "pad x"', 'left-pad@1.3.0'],
  ['npx --package=[left-pad@1.3.0] pad', 'left-pad@1.3.0'],
  ['npx -p other --package [left-pad@1.3.0] pad', 'left-pad@1.3.0'],
  ['npm exec [left-pad@1.3.0]', 'left-pad@1.3.0'],
  ['npm exec --yes -- [left-pad@1.3.0] x', 'left-pad@1.3.0'],
  ['npm x [left-pad@1.3.0]', 'left-pad@1.3.0'],
  ['pnpm dlx [left-pad@next]', 'left-pad@2.0.0-rc.1'],
  ['pnpx [left-pad@1.3.0]', 'left-pad@1.3.0'],
  ['yarn dlx [left-pad@1.3.0]', 'left-pad@1.3.0'],
  ['bunx [left-pad@1.3.0]', 'left-pad@1.3.0'],
  ['bun x [left-pad@1.3.0]', 'left-pad@1.3.0'],
  ['npm i [left-pad@1]', 'left-pad@1.3.0'],
  ['npm install -g other [left-pad@1.2.0]', 'left-pad@1.2.0'],
  ['npm add --save-dev [left-pad]', 'left-pad@1.3.0'],
  ['npm install [pad@npm:left-pad@1.2.0]', 'left-pad@1.2.0'],
  ['pnpm add -D [left-pad@1.2.0]', 'left-pad@1.2.0'],
  ['pnpm install [left-pad]', 'left-pad@1.3.0'],
  ['yarn add [left-pad@^1.2.0]', 'left-pad@1.3.0'],
  ['yarn global add [left-pad]', 'left-pad@1.3.0'],
  ['bun add [left-pad@1.2.0]', 'left-pad@1.2.0'],
  ['sudo -E npm install -g [left-pad@1.2.0]', 'left-pad@1.2.0'],
  ['cross-env A=1 npx [left-pad@1.2.0]', 'left-pad@1.2.0'],
  ['npm ci && (cd x; npx [left-pad@1.2.0]) | tee log', 'left-pad@1.2.0'],
  ["sh -c 'npx [left-pad@1.2.0] x'", 'left-pad@1.2.0'],
  ['echo $(npx [left-pad@1.2.0])', 'left-pad@1.2.0'],
  ['npx "[left-pad@1.2.0]"', 'left-pad@1.2.0'],
  ["npx '[left-pad@1.2.0 || 1.3.0]'", 'left-pad@1.3.0'],
];

/** What names no package of a registry, or not that one. */
const NO_FORMS: readonly string[] = [
  'left-pad x',
  'npx other left-pad',
  'npx ./left-pad',
  'npx $left-pad',
  'npx left-pad@$VERSION',
  "npx -c 'left-pad x'",
  'npm run left-pad',
  'npm uninstall left-pad',
  'npm ci left-pad',
  'npm install ./left-pad.tgz',
  'npm install left-pad@git+https://git.example.test/left/pad.git',
  'npm install https://npm.example.test/left-pad.tgz',
  'npm install --prefix left-pad',
  'pnpm exec left-pad',
  'yarn exec left-pad',
  'yarn left-pad',
  'bun run left-pad',
  'pip install left-pad',
  '# npx left-pad',
];

/** Where commands stand: what is around one, by path. */
const PLACES: Readonly<Record<string, (command: string) => string>> = {
  'package.json': (command) => scriptOf(command),
  Dockerfile: (command) => `FROM scratch\nRUN set -e; \\\n  ${command}\n`,
  'b.Dockerfile': (command) => `FROM scratch\nRUN <<EOF\necho a\n${command}\nEOF\n`,
  '.github/workflows/ci.yml': (command) =>
    `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          npm ci\n          ${command}\n`,
  '.github/workflows/folded.yml': (command) =>
    `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: >-\n          ${command}\n          --more\n`,
  'action.yml': (command) => `name: a\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      run: ${JSON.stringify(command)}\n`,
  'crlf.Dockerfile': (command) => `\ufeff# 😀\r\nFROM scratch\r\nRUN true \\\r\n  && ${command}\r\n`,
};

const titleOf = (text: string | undefined): string | undefined => /^Waybill (\S+): /.exec(text ?? '')?.[1];

describe('the hover over a package in a command', () => {
  for (const [form, title] of FORMS) {
    it(form, async () => {
      const word = form.slice(form.indexOf('[') + 1, form.indexOf(']'));
      const command = form.replace(/[[\]]/g, '');
      const shown = await shownOver(inScript(command, {}, word), false);
      assert.equal(shown?.about, word);
      assert.ok(titleOf(shown?.text)?.startsWith(title), shown?.text);
      assert.match(shown?.text ?? '', /^Locked: nothing/m);
      assert.match(shown?.text ?? '', /^Brought in by: this command/m);
    });
  }

  for (const command of NO_FORMS) {
    it(`is not there for ${command}`, async () => assert.equal(await shownOver(inScript(command, {}, 'left-pad'), false), undefined));
  }

  for (const [path, around] of Object.entries(PLACES)) {
    it(`is there in ${path}`, async () => {
      const files: Files = { [path]: around('npx --yes left-pad@1.2.0 a && pnpm add "right-pad@1.0.0"') };
      const first = await shownOver({ files, path, over: 'left-pad', facts: factsOf() }, false);
      assert.equal(first?.about, 'left-pad@1.2.0');
      assert.equal(titleOf(first?.text), 'left-pad@1.2.0');
      const second = await shownOver({ files, path, over: 'right-pad', facts: factsOf('right-pad') }, false);
      assert.equal(second?.about, 'right-pad@1.0.0');
      assert.equal(titleOf(second?.text), 'right-pad');
    });
  }

  it('covers a word that is escaped or runs over lines as a whole', async () => {
    const escaped = '{ "scripts": { "a": "npx l\\u0065ft-pad@1.2.0 x" } }';
    const inJson = await shownOver({ files: { 'package.json': escaped }, path: 'package.json', over: 'ft-pad', facts: factsOf() }, false);
    assert.equal(inJson?.about, 'l\\u0065ft-pad@1.2.0');
    assert.equal(titleOf(inJson?.text), 'left-pad@1.2.0');
    const files = { Dockerfile: 'FROM scratch\nRUN npx left-\\\npad@1.2.0 x\n' };
    const broken = await shownOver({ files, path: 'Dockerfile', over: 'pad@1', facts: factsOf() }, false);
    assert.equal(broken?.about, 'left-\\\npad@1.2.0');
    assert.equal(titleOf(broken?.text), 'left-pad@1.2.0');
    const form = { Dockerfile: 'FROM scratch\nRUN ["npx", "left-pad@1.2.0"]\n' };
    assert.equal(
      (await shownOver({ files: form, path: 'Dockerfile', over: 'left-pad', facts: factsOf() }, false))?.about,
      'left-pad@1.2.0',
    );
  });

  it('says what is locked only where that is what runs', async () => {
    const lock: Files = { 'package-lock.json': lockWith() };
    const lockedBy = async (command: string): Promise<string | undefined> =>
      /^Locked: (.*)$/m.exec((await shownOver(inScript(command, lock), false))?.text ?? '')?.[1];
    for (const command of [
      'npx left-pad',
      'npx left-pad@1.2.0',
      'npx left-pad@1',
      'npm exec left-pad@^1',
      'npx -p left-pad pad',
      'bunx left-pad',
    ])
      assert.match(
        (await lockedBy(command)) ?? '',
        /^1\.2\.0 by package-lock\.json, line \d+, which runs where it is installed; elsewhere it is fetched anew$/,
        command,
      );
    for (const command of [
      'npx left-pad@latest',
      'npx left-pad@1.3.0',
      'bunx left-pad@1.2.0',
      'pnpm dlx left-pad',
      'yarn dlx left-pad@1.2.0',
      'npm i -g left-pad',
    ])
      assert.match((await lockedBy(command)) ?? '', /^nothing; .*; package-lock\.json has 1\.2\.0$/, command);
    for (const command of ['npm i left-pad', 'pnpm add left-pad@1.2.0', 'yarn add left-pad', 'bun add left-pad'])
      assert.match((await lockedBy(command)) ?? '', /^nothing yet; .* and records it; package-lock\.json has 1\.2\.0$/, command);
  });

  it('knows nothing of the project in an image that has not got it', async () => {
    const files = (before: string): Files => ({
      Dockerfile: `FROM scratch\nWORKDIR /app\n${before}RUN npx left-pad\n`,
      'package.json': '{ "dependencies": { "left-pad": "^1.0.0" } }',
      'package-lock.json': lockWith(),
    });
    const locked = async (before: string) =>
      (await shownOver({ files: files(before), path: 'Dockerfile', over: 'left-pad', facts: factsOf() }, false))?.text;
    assert.match((await locked('')) ?? '', /^Locked: nothing; the command takes what fits when it runs$/m);
    assert.match((await locked('COPY . .\n')) ?? '', /^Locked: 1\.2\.0 by package-lock\.json/m);
  });

  it('asks nobody where the command says which registry is meant', () => {
    for (const command of [
      'npx --registry=https://r.example.test x@1',
      'npm_config_registry=https://r.example.test npx x',
      'npm i --userconfig=a x',
    ]) {
      const text = scriptOf(command);
      const file = sourceFile('package.json', text);
      const manifest = formatForPath('package.json')?.parse(file);
      assert.ok(manifest);
      const subject = commandSubject(manifest, memoryProject({ 'package.json': text }), text.lastIndexOf('x'));
      assert.equal(subject?.name, 'x');
      assert.equal(subject?.key, undefined);
      assert.match(subject?.unasked ?? '', /names a registry of its own/);
    }
  });

  it('asks nobody for what is not of a registry, or may be private', () => {
    const subjectOf = (command: string, files: Files) => {
      const text = scriptOf(command, JSON.parse(files['package.json'] ?? '{}'));
      const manifest = formatForPath('package.json')?.parse(sourceFile('package.json', text));
      assert.ok(manifest);
      return commandSubject(manifest, memoryProject({ ...files, 'package.json': text }), text.indexOf(' tool') + 2);
    };
    const sibling: Files = { 'package.json': '{ "workspaces": ["packages/*"] }', 'packages/tool/package.json': '{ "name": "tool" }' };
    const link = { lockfileVersion: 3, packages: { '': {}, 'node_modules/tool': { resolved: 'p', link: true }, p: { name: 'tool' } } };
    const git = {
      lockfileVersion: 3,
      packages: { '': {}, 'node_modules/tool': { version: '1.0.0', resolved: 'git+ssh://git@git.example.test/tool.git#00' } },
    };
    for (const command of ['npx tool', 'npx tool@1.0.0', 'pnpm dlx tool@latest', 'npm i -g tool']) {
      for (const files of [
        sibling,
        { 'package-lock.json': JSON.stringify(link) },
        { 'package.json': '{ "dependencies": { "tool": "workspace:*" } }' },
      ]) {
        assert.equal(subjectOf(command, files)?.unasked, 'it is a package of this workspace', command);
        assert.equal(subjectOf(command, files)?.key, undefined);
      }
    }
    for (const files of [
      { 'package-lock.json': JSON.stringify(git) },
      { 'package.json': '{ "dependencies": { "tool": "git+ssh://git@git.example.test/tool.git" } }' },
    ]) {
      assert.equal(subjectOf('npx tool', files)?.unasked, 'it comes from a git repository');
      assert.equal(subjectOf('npx tool@2.0.0', files)?.key?.name, 'tool');
    }
    // An image that has not got the project: the name may be private all the same.
    const elsewhere = {
      lockfileVersion: 3,
      packages: { '': {}, 'node_modules/tool': { version: '1.0.0', resolved: 'https://npm.example.test/tool-1.0.0.tgz' } },
    };
    const Dockerfile = 'FROM scratch\nRUN npx tool\n';
    const manifest = formatForPath('Dockerfile')?.parse(sourceFile('Dockerfile', Dockerfile));
    assert.ok(manifest);
    const project = memoryProject({ Dockerfile, 'package-lock.json': JSON.stringify(elsewhere) });
    assert.equal(commandSubject(manifest, project, Dockerfile.indexOf('tool'))?.key?.isElsewhere, true);
  });

  it('never makes markup of what a command, a lockfile or a registry says', async () => {
    const evils = [
      '`](command:waybill.restart)',
      '[a](command:x)',
      '<img src=x onerror=alert(1)>',
      '**x**',
      '![i](https://x.example.test)',
      '\u202eevil\u200b',
      '\u0007',
      '|',
      '```',
      '&lt;',
    ];
    for (const evil of evils) {
      const lock = {
        'package-lock.json': lockWith({ 'node_modules/left-pad': { version: `1.2.0${evil}`, resolved: evil, integrity: evil } }),
      };
      for (const command of [
        `npx 'left-pad@${evil}'`,
        `npx 'left-pad@npm:left-pad@${evil}'`,
        `npx 'left-pad@1 || ${evil}'`,
        `npm i "${evil}left-pad"`,
        'npx left-pad@^1',
        'npx left-pad',
      ]) {
        for (const one of [
          inScript(command, lock),
          { ...inScript(command, { Dockerfile: `FROM scratch\nCOPY . .\nRUN ${command}\n`, ...lock }), path: 'Dockerfile' },
        ]) {
          const shown = await shownOver(one, true);
          if (shown !== undefined) assertHarmless(shown.text);
        }
      }
    }
  });

  it('stands within the text for every prefix of every place, and never fails', () => {
    for (const [path, around] of Object.entries(PLACES)) {
      const whole = around('npx --yes -p "left-pad@1.2.0" --package=a@b pad && npm create x@latest; pnpm add \'y@npm:z@1\'');
      for (let end = 0; end <= whole.length; end++) {
        const text = whole.slice(0, end);
        const manifest = formatForPath(path)?.parse(sourceFile(path, text));
        assert.ok(manifest);
        const project = memoryProject({ [path]: text, 'package-lock.json': lockWith() });
        for (let offset = Math.max(0, end - 12); offset <= end; offset++) {
          const word = packageWordAt(manifest, offset);
          if (word === undefined) continue;
          assert.ok(word.span.start <= offset && offset <= word.span.end && word.span.end <= text.length, `${path} ${end} ${offset}`);
          assert.equal(commandSubject(manifest, project, offset)?.span.start, word.span.start);
        }
      }
      const manifest = formatForPath(path)?.parse(sourceFile(path, whole));
      assert.ok(manifest);
      const names = new Set(Array.from(whole, (_, offset) => packageWordAt(manifest, offset)?.name));
      assert.deepEqual(
        [...names].filter((name) => name !== undefined),
        ['left-pad', 'a', 'create-x', 'z'],
        path,
      );
    }
  });
});
