// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the tables hold shell text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mappedSlice, sourceSpan } from '../../server/src/core/mapped-text.ts';
import type { ShellDialect } from '../../server/src/core/script.ts';
import { parseShell, walkShell } from '../../server/src/formats/shell.ts';
import { invocationOf } from '../../server/src/formats/shell-invocation.ts';
import type { CommandList, Redirection, ShellNode, SimpleCommand, Word } from '../../server/src/formats/shell-tree.ts';

function parse(text: string, dialect: ShellDialect = 'posix') {
  return parseShell(mappedSlice(text, 0, text.length), dialect);
}

/**
 * A tree in one line: words with blanks shown as `_` and `*` behind a dynamic one, `a | b`, `a && b`, `(subshell)`, `{braces}`,
 * `<compound>`, `fn{body}`, redirections as `[>file]`, and behind a word the commands it holds as `:$(...)`.
 */
function show(list: CommandList, text: string): string {
  return list
    .map(({ commands, joint }, i) => (i === 0 ? '' : ` ${joint} `) + commands.map((node) => showNode(node, text)).join(' | '))
    .join('');
}

function showNode(node: ShellNode, text: string): string {
  const redirections = node.redirections.map((redirection) => showRedirection(redirection, text));
  if (node.kind === 'simple') {
    const set = node.assignments.map((word) => `+${showWord(word, text)}`);
    return [...set, ...node.words.map((word) => showWord(word, text)), ...redirections].join(' ');
  }
  const [open, close] = { subshell: ['(', ')'], braces: ['{', '}'], compound: ['<', '>'], function: ['fn{', '}'] }[node.type];
  return [`${open}${show(node.body, text)}${close}`, ...redirections].join(' ');
}

function showWord(word: Word, text: string): string {
  const holds = word.substitutions.map(
    ({ kind, body }) => `:${{ command: '$', input: '<', output: '>', block: '' }[kind]}(${show(body, text)})`,
  );
  return `${word.value.replace(/\s/g, '_') || "''"}${word.dynamic ? '*' : ''}${holds.join('')}`;
}

function showRedirection({ operator, descriptor, target, hereDocument }: Redirection, text: string): string {
  const body = hereDocument === undefined ? '' : ` ${JSON.stringify(text.slice(hereDocument.start, hereDocument.end))}`;
  return `[${descriptor}${operator}${target === undefined ? '' : showWord(target, text)}${body}]`;
}

const POSIX: readonly (readonly [string, string])[] = [
  // Words and quotes.
  ['npm install', 'npm install'],
  ['  npm\tinstall  ', 'npm install'],
  ['', ''],
  [' \n\n ', ''],
  [`echo 'a b' "c d" e\\ f`, 'echo a_b c_d e_f'],
  [`"npm" 'ci'`, 'npm ci'],
  [`a'b'"c"d`, 'abcd'],
  [`echo ''`, "echo ''"],
  [`echo "a \\"b\\" \\$c \\x"`, 'echo a_"b"_$c_\\x'],
  [`echo 'it'\\''s'`, "echo it's"],
  [`echo $'a\\tb\\'c\\x41\\u0042\\101'`, "echo a_b'cABA"],
  ['echo $"a b"', 'echo a_b'],
  ['echo unclosed "a b', 'echo unclosed a_b'],
  ["echo unclosed 'a b", 'echo unclosed a_b'],
  ['echo a\\', 'echo a\\'],
  ['echo a#b', 'echo a#b'],
  // Continuations, comments, line ends.
  ['npm \\\n  install', 'npm install'],
  ['npm \\\r\n  install', 'npm install'],
  ['np\\\nm ci', 'npm ci'],
  ['npm ci # npm install', 'npm ci'],
  ['# npm install\nnpm ci', 'npm ci'],
  ['a\r\nb\r\n', 'a ; b'],
  ['a #x\r\nb', 'a ; b'],
  // Lists.
  ['a && b || c; d & e', 'a && b || c ; d ; e'],
  ['a &&\n  b', 'a && b'],
  ['a\nb', 'a ; b'],
  ['a | b |& c', 'a | b | c'],
  ['a |\n b', 'a | b'],
  ['a | # why\n b', 'a | b'],
  ['! a | b', 'a | b'],
  ['a ; ; b', 'a ; b'],
  ['a | | b', 'a | b'],
  ['&& a', 'a'],
  ['a ||', 'a'],
  ['a |', 'a'],
  // Expansions.
  ['a $B ${C} $1 $? "$D x" \'$E\'', 'a $B* ${C}* $1* $?* $D_x* $E'],
  ['a ${B:-"x } y"} c', 'a ${B:-"x_}_y"}* c'],
  ['a ${B:-$(c d)}', 'a ${B:-$(c_d)}*:$(c d)'],
  ['a $ b $"', "a $ b ''"],
  ['a $(b | c) d', 'a $(b_|_c)*:$(b | c) d'],
  ['a "$(b "c d")" e', 'a $(b_"c_d")*:$(b c_d) e'],
  ['a `b c` d', 'a `b_c`*:$(b c) d'],
  ['a `b', 'a `b*:$(b)'],
  ['a $(b', 'a $(b*:$(b)'],
  ['a $(case x in x) b;; esac) c', 'a $(case_x_in_x)_b;;_esac)*:$(<case x ; b>) c'],
  ['a $((1 << 2)) b\nc', 'a $((1_<<_2))* b ; c'],
  ['((i << 2))\nb', 'b'],
  ['bash <(curl x)', 'bash <(curl_x)*:<(curl x)'],
  ['a | tee >(sh)', 'a | tee >(sh)*:>(sh)'],
  ['$(a b) c', '$(a_b)*:$(a b) c'],
  ['echo ${{ a && b | c }} d', 'echo ${{_a_&&_b_|_c_}}* d'],
  ["echo '${{ x == 'y' }}' z", "echo ${{_x_==_'y'_}}* z"],
  ['echo ${{ a\nb', 'echo ${{_a* ; b'],
  // Assignments and redirections.
  ['A=1 B="x y" npm ci', '+A=1 +B=x_y npm ci'],
  ['A=$(b)', '+A=$(b)*:$(b)'],
  ['A=(x $(b) y) c', '+A=(x_$(b)_y)*:$(b) c'],
  ['a > f 2>&1 < g >> h', 'a [>f] [2>&1] [<g] [>>h]'],
  ['a &> f', 'a [&>f]'],
  ['a>f b', 'a b [>f]'],
  ['a 2> /dev/null', 'a [2>/dev/null]'],
  ['a >', 'a [>]'],
  ['a <<< "b c"', 'a [<<<b_c]'],
  // Here-documents.
  ['cat <<EOF\nnpm install\nEOF\nnpm ci', 'cat [<<EOF "npm install\\n"] ; npm ci'],
  ["cat <<'E F' > x\n$(a)\nE F\nb", 'cat [<<E_F "$(a)\\n"] [>x] ; b'],
  ['cat <<-EOF\n\tx\n\tEOF\nb', 'cat [<<-EOF "\\tx\\n"] ; b'],
  ['cat <<A <<B | c\n1\nA\n2\nB\nd', 'cat [<<A "1\\n"] [<<B "2\\n"] | c ; d'],
  ['cat <<EOF\r\nx\r\nEOF\r\nb', 'cat [<<EOF "x\\r\\n"] ; b'],
  ['cat <<EOF\nnever closed', 'cat [<<EOF "never closed"]'],
  ['(cat <<EOF) | b\nx\nEOF\nc', '(cat [<<EOF "x\\n"]) | b ; c'],
  ['a=$(cat <<EOF\nx )\nEOF\n)\nb', '+a=$(cat_<<EOF_x_)_EOF_)*:$(cat [<<EOF "x )\\n"]) ; b'],
  // Groups.
  ['(cd a && b); c', '(cd a && b) ; c'],
  ['{ a; b; } | c', '{a ; b} | c'],
  ['(a) > f 2>&1', '(a) [>f] [2>&1]'],
  ['if a; then b; elif c; then d; else e; fi; f', '<a ; b ; c ; d ; e> ; f'],
  ['while read x; do a; done < f', '<read x ; a> [<f]'],
  ['until a\ndo\nb\ndone', '<a ; b>'],
  ['for x in a $(b); do c $x; done', '<for x in a $(b)*:$(b) ; c $x*>'],
  ['for ((i=0; i<3; i++)); do a; done', '<for ; a>'],
  ['case $x in a|b) c ;; (*) d;; esac; e', '<case $x* ; c ; d> ; e'],
  ['case x in\n  "a b")\n    c\n    ;;\nesac', '<case x ; c>'],
  ['f() { a; }; f', 'fn{{a}} ; f'],
  ['function f { a; }', 'fn{{a}}'],
  ['f () ( a )', 'fn{(a)}'],
  ['[[ a && b || $(c) =~ (x|y) ]] && d', '[[ a b $(c)*:$(c) =~ x y ]] && d'],
  ['[[ a\nb', '[[ a ; b'],
  ['[ -f x ] && a', '[ -f x ] && a'],
  ['echo if then fi { }', 'echo if then fi { }'],
  // Broken text.
  ['fi; a', 'a'],
  [') a', 'a'],
  ['} a', 'a'],
  ['if a; then b', '<a ; b>'],
  ['(a; b', '(a ; b)'],
  ['case x in', '<case x>'],
  ['a ;; b', 'a ; b'],
  ['(if a; then b) c', '(<a ; b>) ; c'],
  ['a (b) c', 'a ; (b) ; c'],
];

test('the splitter reads POSIX shell text', () => {
  for (const [text, expected] of POSIX) assert.equal(show(parse(text).body, text), expected, text);
});

const POWERSHELL: readonly (readonly [string, string])[] = [
  ['npm install', 'npm install'],
  ['npm `\n  install', 'npm install'],
  ['npm install; npm ci # x\nnpm test', 'npm install ; npm ci ; npm test'],
  ['a <# npm install #> b', 'a b'],
  ['iwr https://a.example/x.ps1 | iex', 'iwr https://a.example/x.ps1 | iex'],
  ['iwr x |\n iex', 'iwr x | iex'],
  [
    "iex ((New-Object Net.WebClient).DownloadString('https://a.example/x'))",
    "iex ((New-Object_Net.WebClient).DownloadString('https://a.example/x'))*:$((New-Object_Net.WebClient).DownloadString('https://a.example/x')*:$(New-Object Net.WebClient):$(https://a.example/x))",
  ],
  ['iex "& { $(irm x) } -y"', 'iex &_{_$(irm_x)_}_-y*:$(irm x)'],
  ['$s = irm x; iex $s', '+$s* irm x ; iex $s*'],
  ["& .\\a.ps1 'it''s' \"b`\"c\"", 'A .\\a.ps1 it\'s b"c'.slice(2)],
  [
    'try{ npm ci }catch{ b }',
    'try { npm ci }*:(npm ci) catch { b }*:(b)'.replaceAll('{ npm ci }', '{_npm_ci_}').replaceAll('{ b }', '{_b_}'),
  ],
  ['if ($a) { b } else { c }', 'if ($a)*:$($a*) {_b_}*:(b) else {_c_}*:(c)'],
  ['a > f 2>&1', 'a [>f] [2>&1]'],
  ["a @'\nnpm install\n'@ b", 'a _npm_install b'],
  ['a && b || c', 'a && b || c'],
  ['a ${{ b | c }} d', 'a ${{_b_|_c_}}* d'],
  ['a ) b } c', 'a ; b ; c'],
  ["a 'unclosed", 'a unclosed'],
];

test('the splitter reads PowerShell text', () => {
  for (const [text, expected] of POWERSHELL) assert.equal(show(parse(text, 'powershell').body, text), expected, text);
});

const CMD: readonly (readonly [string, string])[] = [
  ['npm install', 'npm install'],
  ['call npm install & npm test\r\nnpm ci', 'call npm install ; npm test ; npm ci'],
  ['rem npm install\n:: npm install\n@npm ci', 'npm ci'],
  ['npm ^\r\n install', 'npm install'],
  ['if exist x (npm ci) else (npm install)', 'if exist x (npm ci ; else (npm install'],
  ['a "b c" %D% > f', 'a b_c %D%* [>f]'],
  ['a && b || c | d', 'a && b || c | d'],
];

test('the splitter reads batch text', () => {
  for (const [text, expected] of CMD) assert.equal(show(parse(text, 'cmd').body, text), expected, text);
});

test('text of an unknown dialect has no commands', () => {
  assert.deepEqual(parse('npm install', 'unknown').body, []);
});

/** Every invocation, `name words`, with what was taken off in front. */
function invocations(text: string, dialect: ShellDialect = 'posix'): string[] {
  const found: string[] = [];
  walkShell(parse(text, dialect), {
    command: (command) => {
      const invocation = invocationOf(command);
      if (invocation !== undefined)
        found.push(
          [...invocation.prefixes.map((name) => `${name}:`), invocation.name, ...invocation.words.slice(1).map(({ value }) => value)].join(
            ' ',
          ),
        );
    },
  });
  return found;
}

test('what only runs another command is taken off', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['sudo -E npm install', 'sudo: npm install'],
    ['sudo -Eu root npm install', 'sudo: npm install'],
    ['sudo -u root -- npm install', 'sudo: npm install'],
    ['sudo --user root A=b npm ci', 'sudo: npm ci'],
    ['sudo -uroot npm ci', 'sudo: npm ci'],
    ['env -u X A=b C=d npm ci', 'env: npm ci'],
    ['time npm ci', 'time: npm ci'],
    ['timeout -k 5 300 npm ci', 'timeout: npm ci'],
    ['timeout 5m sudo nice -n 10 npm ci', 'timeout: sudo: nice: npm ci'],
    ['echo x | xargs -r -n 1 npm ci', 'echo x'],
    ['nohup exec /usr/bin/npm ci', 'nohup: exec: npm ci'],
    ['command -v npm', 'command -v npm'],
    ['command npm ci', 'command: npm ci'],
    ['corepack pnpm install', 'corepack: pnpm install'],
    ['sudo -s', 'sudo -s'],
    ['A=1', ''],
  ];
  for (const [text, expected] of cases) assert.equal(invocations(text)[0] ?? '', expected, text);
  assert.deepEqual(invocations('call C:\\node\\NPM.cmd install', 'cmd'), ['call: npm install']);
});

test('scripts in scripts are walked', () => {
  const cases: readonly (readonly [string, string])[] = [
    [`sh -c 'npm install && b'`, 'npm install'],
    [`bash -lc "npm install"`, 'npm install'],
    [`sudo bash -euo pipefail -c "cd a; npm install"`, 'npm install'],
    ['eval npm install', 'npm install'],
    [`su - node -c 'npm install'`, 'npm install'],
    [`sh -c "sh -c 'npm install'"`, 'npm install'],
    ['bash <<EOF\nnpm install\nEOF', 'npm install'],
    ['bash -s -- x <<EOF\nnpm install\nEOF', 'npm install'],
    [`pwsh -NoProfile -Command "npm install"`, 'npm install'],
    ['cmd /c npm install', 'npm install'],
  ];
  for (const [text, expected] of cases) assert.ok(invocations(text).includes(expected), `${text}: ${invocations(text).join(' ; ')}`);
  assert.ok(!invocations('cat <<EOF\nnpm install\nEOF').includes('npm install'));
  assert.ok(!invocations('bash x.sh <<EOF\nnpm install\nEOF').includes('npm install'));
});

test('a nested script knows its places in the document', () => {
  const text = `RUN sh -c "echo \\"x\\" && npm install"`;
  const places: string[] = [];
  walkShell(parseShell(mappedSlice(text, 4, text.length), 'posix'), {
    command: ({ source, words }) => {
      const [name] = words;
      if (name?.value === 'npm') {
        const span = sourceSpan(source, name.start, words.at(-1)?.end ?? name.end);
        places.push(text.slice(span.start, span.end));
      }
    },
  });
  assert.deepEqual(places, ['npm install']);
});

/** All simple commands, nested scripts left out: their text is another one. */
function* simpleCommands(list: CommandList): Generator<SimpleCommand> {
  for (const { commands } of list) {
    for (const node of commands) {
      if (node.kind === 'group') yield* simpleCommands(node.body);
      else {
        yield node;
        for (const word of [...node.assignments, ...node.words]) for (const { body } of word.substitutions) yield* simpleCommands(body);
      }
    }
  }
}

const PIECES = fc.constantFrom(
  ...'abn ;&|()<>{}[]$"\'`\\#\n\r\t=!0'.split(''),
  ...['$(', '${', '${{', '}}', '$((', '))', '<(', '<<E', '<<-E', '\nE\n', '&&', '||', ';;', "$'", '\\\n', '\r\n', '2>&1', 'A=', 'A=('],
  ...[' if ', ' then ', ' fi ', ' for ', ' do ', ' done ', ' case ', ' in ', ' esac ', ' { ', ' } ', ' [[ ', ' ]] ', 'f() ', ' function '],
  ...[' sh -c ', ' eval ', ' sudo ', '@"', '"@', '<#', '#>', '^', ' rem '],
);
const SHELLISH = fc.array(PIECES, { maxLength: 60 }).map((pieces) => pieces.join(''));

test('any text is read without throwing, with spans in order and inside the text', () => {
  fc.assert(
    fc.property(fc.oneof(SHELLISH, fc.string({ unit: 'binary' })), fc.constantFrom('posix', 'powershell', 'cmd'), (text, dialect) => {
      const script = parse(text, dialect as ShellDialect);
      walkShell(script, {});
      for (const command of simpleCommands(script.body)) {
        assert.ok(0 <= command.start && command.start <= command.end && command.end <= text.length);
        let at = command.start;
        for (const word of [...command.assignments, ...command.words]) {
          assert.ok(at <= word.start && word.start < word.end && word.end <= command.end, `${word.value} of ${JSON.stringify(text)}`);
          at = word.end;
          for (const { start, end } of word.substitutions) assert.ok(word.start <= start && end <= word.end);
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test('a word read alone has the same value', () => {
  fc.assert(
    fc.property(SHELLISH, (text) => {
      for (const command of simpleCommands(parse(text).body)) {
        for (const word of command.words) {
          const alone = parse(`x ${text.slice(word.start, word.end)}`).body[0]?.commands[0];
          assert.equal(alone?.kind === 'simple' ? alone.words[1]?.value : undefined, word.value, JSON.stringify(text));
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test('every prefix is read', () => {
  for (const [table, dialect] of [
    [POSIX, 'posix'],
    [POWERSHELL, 'powershell'],
    [CMD, 'cmd'],
  ] as const)
    for (const [text] of table) for (let end = 0; end <= text.length; end++) walkShell(parse(text.slice(0, end), dialect), {});
});

test('long text of any kind is read in linear time', () => {
  const units = ['a', '"', "'", '(', '$(', '${', '${{ ', '`a', '<<E\n', '`<<E\n`', '$((', 'if ', '{ ', 'case x in ', '\\', '[[ '];
  const more = ['a=(', 'a[', '1', '|', 'f() ', '! ', '@"', '<# ', '#', ':: ', "'${{' "];
  const script = 'sudo npm install --prefix "a b" > x 2>&1 && sh -c \'echo "$(b | c)"\' # why\n';
  for (const dialect of ['posix', 'powershell', 'cmd'] as const) {
    for (const unit of [...units, ...more, script]) {
      const length = unit === script ? 1_000_000 : 100_000;
      const text = unit.repeat(Math.ceil(length / unit.length));
      const started = process.cpuUsage().user;
      walkShell(parse(text, dialect), {});
      // A quadratic reader needs minutes for this; a slow machine does not.
      assert.ok(process.cpuUsage().user - started < 10_000_000, `${dialect}: ${unit}`);
    }
  }
});
