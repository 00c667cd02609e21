import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLoopback, parseAddress, parseForeignAddress } from '../../server/src/sources/address.ts';
import { parseChallenges } from '../../server/src/sources/challenge.ts';
import { parseLsRefs } from '../../server/src/sources/git-refs.ts';
import { parseServerUrl } from '../../server/src/sources/git-remote.ts';
import { parsePktLines, pktLine } from '../../server/src/sources/pkt-line.ts';

describe('isLoopback', () => {
  const hostname = (address: string): string => new URL(address).hostname;
  for (const address of [
    'http://127.0.0.1',
    'http://127.255.0.9',
    'http://127.1',
    'http://0x7f000001',
    'http://[::1]',
    'http://LOCALHOST',
  ]) {
    it(address, () => assert.ok(isLoopback(hostname(address))));
  }
  for (const address of [
    'http://128.0.0.1',
    'http://0.0.0.0',
    'http://[::2]',
    'http://localhost.a',
    'http://a.localhost',
    'http://127.0.0.1.a',
  ]) {
    it(`not ${address}`, () => assert.ok(!isLoopback(hostname(address))));
  }
});

describe('parseAddress and parseForeignAddress', () => {
  it('takes https anywhere and http on loopback', () => {
    assert.ok(parseAddress('https://a.example/x').ok);
    assert.ok(parseAddress('http://localhost:5000').ok);
    assert.ok(!parseAddress('http://a.example').ok);
  });

  it('lets no host out there send us to this machine', () => {
    const outside = new URL('https://a.example/x');
    assert.ok(!parseForeignAddress('http://127.0.0.1:9/', outside).ok);
    assert.ok(!parseForeignAddress('https://localhost/', outside).ok);
    assert.ok(parseForeignAddress('https://b.example/', outside).ok);
    assert.ok(parseForeignAddress('http://127.0.0.1:9/', new URL('http://localhost:5000')).ok);
  });

  it('resolves relative addresses', () => {
    const parsed = parseForeignAddress('../token', new URL('https://a.example/v2/x'));
    assert.equal(parsed.ok && parsed.value.href, 'https://a.example/token');
  });
});

describe('parseServerUrl', () => {
  for (const [text, expected] of [
    ['https://github.com', 'https://github.com/'],
    ['https://github.com/', 'https://github.com/'],
    [' https://ghe.example//  ', 'https://ghe.example/'],
    ['https://ghe.example/git', 'https://ghe.example/git/'],
    ['https://ghe.example/git/', 'https://ghe.example/git/'],
    ['http://localhost:3000', 'http://localhost:3000/'],
  ] as const) {
    it(text, () => {
      const parsed = parseServerUrl(text);
      assert.equal(parsed.ok && parsed.value.href, expected);
    });
  }
  for (const text of [
    '',
    'github.com',
    'http://ghe.example',
    'ssh://git@github.com',
    'https://me:secret@ghe.example',
    'https://a/?x',
    'https://a/#x',
    '::',
  ]) {
    it(`not '${text}'`, () => {
      const parsed = parseServerUrl(text);
      assert.ok(!parsed.ok);
      assert.match(parsed.error, /^The GitHub server URL cannot be used: .*\.$/);
      assert.ok(!parsed.error.includes('secret'));
    });
  }
});

describe('parseChallenges', () => {
  const parse = (header: string): unknown =>
    parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
  const cases: readonly [name: string, header: string, expected: unknown][] = [
    ['nothing', '', []],
    ['Basic', 'Basic realm="x"', [['basic', { realm: 'x' }]]],
    [
      'Docker Hub',
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/node:pull,push"',
      [['bearer', { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:library/node:pull,push' }]],
    ],
    [
      'two challenges',
      'Bearer realm="https://a/t", service="s", Basic realm="b, \\"c\\""',
      [
        ['bearer', { realm: 'https://a/t', service: 's' }],
        ['basic', { realm: 'b, "c"' }],
      ],
    ],
    [
      'the other order',
      'Basic realm="b",Bearer realm="https://a/t"',
      [
        ['basic', { realm: 'b' }],
        ['bearer', { realm: 'https://a/t' }],
      ],
    ],
    ['spaces around the equals sign', 'Bearer realm = "https://a/t" , service=s', [['bearer', { realm: 'https://a/t', service: 's' }]]],
    ['not quoted', 'Bearer realm=https://a/t,service=s', [['bearer', { realm: 'https://a/t', service: 's' }]]],
    [
      'without parameters',
      'Negotiate, NTLM',
      [
        ['negotiate', {}],
        ['ntlm', {}],
      ],
    ],
    ['names in upper case', 'BEARER Realm="x"', [['bearer', { realm: 'x' }]]],
    ['the first of two', 'Bearer realm="a",realm="b"', [['bearer', { realm: 'a' }]]],
    [
      'an open quote',
      'Bearer realm="https://a',
      [
        ['bearer', {}],
        ['realm', {}],
        ['https://a', {}],
      ],
    ],
    ['a parameter without a scheme', 'realm="x"', []],
  ];
  for (const [name, header, expected] of cases) it(name, () => assert.deepEqual(parse(header), expected));

  it('stays fast on hostile headers', () => {
    const startedAt = process.cpuUsage().user;
    for (const part of ['"', 'a=', 'a="', '\\"', ',', 'a ', '="\\']) parseChallenges(part.repeat(100_000));
    assert.ok(process.cpuUsage().user - startedAt < 10_000_000);
  });
});

const C1 = '1'.repeat(40);
const C2 = '2'.repeat(40);
const C3 = '3'.repeat(40);

function body(...lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.map((line) => pktLine(`${line}\n`)).join('')}0000`);
}

describe('parsePktLines', () => {
  const parse = (text: string): string | readonly string[] => {
    const parsed = parsePktLines(Buffer.from(text));
    return parsed.ok ? parsed.value.map((line) => Buffer.from(line).toString()) : parsed.error;
  };
  it('lines with and without a line end', () => assert.deepEqual(parse('0006a\n0005b0000'), ['a', 'b']));
  it('no lines', () => assert.deepEqual(parse('0000'), []));
  it('the end of a stateless answer', () => assert.deepEqual(parse('0005b00000002'), ['b']));
  it('lengths are bytes', () => assert.deepEqual(parse(`${pktLine('ü\n')}0000`), ['ü']));
  for (const [name, text] of [
    ['nothing', ''],
    ['no end', '0006a\n'],
    ['cut off in a line', '0009a\n'],
    ['cut off in a length', '0006a\n00'],
    ['HTML', '<html><body>Sign in</body></html>'],
    ['a length below four', '0003'],
    ['an empty line', '0004'],
    ['a delimiter', '0001'],
    ['a negative length', '-001'],
    ['a length with a sign', '+005a0000'],
    ['more after the end', '00000005a'],
    ['an error packet', '0010ERR no such0000'],
  ] as const) {
    it(`an error: ${name}`, () => assert.equal(typeof parse(text), 'string'));
  }
});

describe('parseLsRefs', () => {
  const error = (bytes: Buffer): string => {
    const parsed = parseLsRefs(bytes);
    return parsed.ok ? '' : parsed.error;
  };

  it('reads tags, branches and HEAD', () => {
    const parsed = parseLsRefs(
      body(`${C1} HEAD symref-target:refs/heads/main`, `${C1} refs/heads/main`, `${C2} refs/tags/v1 peeled:${C1}`, `${C1} refs/tags/v2`),
    );
    assert.deepEqual(parsed.ok && parsed.value, {
      refs: [
        { name: 'refs/heads/main', oid: C1 },
        { name: 'refs/tags/v1', oid: C2, peeled: C1 },
        { name: 'refs/tags/v2', oid: C1 },
      ],
      head: 'refs/heads/main',
    });
  });

  it('reads an empty repository', () => {
    const parsed = parseLsRefs(body('unborn HEAD symref-target:refs/heads/main'));
    assert.deepEqual(parsed.ok && parsed.value, { refs: [] });
  });

  it('reads a detached HEAD', () => {
    const parsed = parseLsRefs(body(`${C1} HEAD`));
    assert.deepEqual(parsed.ok && parsed.value, { refs: [] });
  });

  it('leaves out what is neither tag nor branch, and names that git does not allow', () => {
    const bad = [
      'refs/pull/1/head',
      'refs/heads/',
      'refs/tags/a..b',
      'refs/tags/a.lock',
      'refs/tags/.a',
      'refs/tags/a/',
      'refs/tags/a//b',
      'refs/tags/a^{}',
    ];
    const odd = [
      'refs/tags/a\u0001b',
      'refs/tags/a\\b',
      'refs/tags/a@{b',
      'refs/tags/a.lock/b',
      `refs/tags/${'a'.repeat(600)}`,
      '../../etc/passwd',
    ];
    const parsed = parseLsRefs(body(...[...bad, ...odd].map((name) => `${C1} ${name}`), `${C1} refs/tags/über`));
    assert.deepEqual(parsed.ok && parsed.value.refs.map(({ name }) => name), ['refs/tags/über']);
  });

  it('leaves out names that are not UTF-8', () => {
    const line = Buffer.concat([Buffer.from(`004f${C1} refs/tags/`), Buffer.from([0xff]), Buffer.alloc(0x4f - 4 - 41 - 11, 0x61)]);
    const parsed = parseLsRefs(Buffer.concat([line, body(`${C1} refs/tags/v1`)]));
    assert.deepEqual(parsed.ok && parsed.value.refs.map(({ name }) => name), ['refs/tags/v1']);
  });

  it('leaves out a HEAD that names no branch', () => {
    const parsed = parseLsRefs(body(`${C1} HEAD symref-target:refs/heads/../../x`, `${C1} refs/heads/main`));
    assert.equal(parsed.ok && parsed.value.head, undefined);
  });

  it('reads SHA-256', () => {
    const parsed = parseLsRefs(body(`${'a'.repeat(64)} refs/heads/main`, `${'b'.repeat(64)} refs/tags/v1 peeled:${'a'.repeat(64)}`));
    assert.equal(parsed.ok && parsed.value.refs.length, 2);
  });

  it('takes the same line twice', () => {
    const parsed = parseLsRefs(body(`${C1} refs/tags/v1`, `${C1} refs/tags/v1`));
    assert.equal(parsed.ok && parsed.value.refs.length, 1);
  });

  it('does not choose between two meanings of one ref', () => {
    assert.match(error(body(`${C1} refs/tags/v1`, `${C2} refs/tags/v1`)), /two things/);
    assert.match(error(body(`${C3} refs/tags/v1 peeled:${C1}`, `${C3} refs/tags/v1 peeled:${C2}`)), /two things/);
  });

  for (const [name, line] of [
    ['a short id', `${C1.slice(1)} refs/tags/v1`],
    ['upper case', `${'A'.repeat(40)} refs/tags/v1`],
    ['no id', 'refs/tags/v1'],
    ['no name', C1],
    ['a malformed peeled id', `${C1} refs/tags/v1 peeled:xyz`],
    ['ids of two lengths', `${C1} refs/tags/v1 peeled:${'a'.repeat(64)}`],
    ['HTML', '<html>'],
    ['nothing', ''],
  ] as const) {
    it(`is an error: ${name}`, () => assert.notEqual(error(body(line)), ''));
  }

  it('never throws, wherever the answer is cut', () => {
    const whole = body(`${C1} HEAD symref-target:refs/heads/main`, `${C1} refs/heads/main`, `${C2} refs/tags/v1 peeled:${C1}`);
    for (let end = 0; end < whole.length; end++) assert.ok(!parseLsRefs(whole.subarray(0, end)).ok, String(end));
  });
});
