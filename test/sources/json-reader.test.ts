import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JsonReader } from '../../server/src/sources/json-reader.ts';
import { readPackageDocument } from '../../server/src/sources/npm-document.ts';
import { packumentOf } from '../bench/packuments.mjs';
import { type Random, seeded } from '../support/fuzz/random.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What a text says when it is read in pieces, objects down to some depth member by member; undefined where it is refused. */
function inPieces(bytes: Uint8Array, depth: number): { readonly value: unknown } | undefined {
  const read = (json: JsonReader, left: number): unknown => {
    if (left === 0 || !json.isObject) return json.value();
    const members = new Map<string, unknown>();
    for (const name of json.members()) members.set(name, read(json, left - 1));
    return Object.fromEntries(members);
  };
  try {
    const json = new JsonReader(bytes);
    const value = read(json, depth);
    json.end();
    return { value };
  } catch (error) {
    assert.ok(error instanceof SyntaxError, String(error));
    return undefined;
  }
}

/** The same by `JSON.parse`. */
function atOnce(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder().decode(bytes)) };
  } catch {
    return undefined;
  }
}

function assertSame(bytes: Uint8Array): boolean {
  const expected = atOnce(bytes);
  for (const depth of [0, 1, 2, 3]) {
    const found = inPieces(bytes, depth);
    assert.deepEqual(found, expected, `depth ${depth}: ${JSON.stringify(new TextDecoder().decode(bytes))}`);
  }
  return expected !== undefined;
}

const TEXTS = [
  '{}',
  ' { } ',
  '[]',
  '7',
  '"a"',
  'null',
  '{"a":1,"b":{"c":[1,{"d":"}"}],"e":{}},"f":"\\"\\\\"}',
  '\t{ "a" :\r\n{ "b" : { "c" : -1.5e+3 , "d" : true } } , "g" : [ ] }\n',
  '{"a":1,"a":{"b":2,"b":3},"":0}',
  '{"\\u0061\\"":"é😀\\ud83d\\ude00","ü":{"ß":"\u2028"}}',
  '\ufeff{"a":{"b":1}}',
  '{"a":"{[,:","b":["]}"],"c":{"d":{"e":{"f":null}}}}',
  '{"constructor":{"toString":{"valueOf":1}}}',
];

describe('JSON in pieces', () => {
  it('says what JSON.parse says, of whole texts and of every text that is cut', () => {
    for (const text of TEXTS) {
      assert.ok(assertSame(bytesOf(text)), text);
      const bytes = bytesOf(text);
      for (let end = 0; end < bytes.length; end++) assertSame(bytes.subarray(0, end));
    }
  });

  it('refuses what JSON.parse refuses', () => {
    for (const text of [
      '{"a":1,}',
      '{"a":}',
      '{"a" 1}',
      '{a:1}',
      '{"a":1 "b":2}',
      '{"a":[}]}',
      '{"a":{"b":[}}}',
      '{"a":01}',
      '{"a":1}x',
      '{"a":1}{}',
      '{"a":"\n"}',
      '{"a":"\\x"}',
      '{"a":\ufeff1}',
      '{"a":1\ufeff}',
      '{,}',
      '{"a":1:2}',
      '{"a":\u00a01}',
      ',',
      ':',
      '}',
    ])
      assert.equal(assertSame(bytesOf(text)), false, text);
  });

  it('says the same of texts with bytes changed at random, also where they are no UTF-8', () => {
    const random: Random = seeded(8);
    const odd = [...bytesOf('{}[]:,"\\ \n0-ae'), 0x80, 0xc3, 0xf0, 0xff, 0xef];
    let good = 0;
    for (let round = 0; round < 20_000; round++) {
      const bytes = bytesOf(TEXTS[random.below(TEXTS.length)] ?? '').slice();
      for (let change = random.below(3); change >= 0; change--) bytes[random.below(bytes.length)] = odd[random.below(odd.length)] ?? 0;
      if (assertSame(bytes)) good++;
    }
    assert.ok(good > 500 && good < 15_000, `${good} of the texts are JSON`);
  });

  it('nests as deep as anybody likes', () => {
    const depth = 200_000;
    const text = `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    assert.notEqual(inPieces(bytesOf(text), 1), undefined);
    assert.equal(inPieces(bytesOf(text.slice(0, -2)), 1), undefined);
  });
});

describe('a document of a registry', () => {
  const { text } = packumentOf(3, 'pad');

  it('says the same in whatever order and layout its members are', async () => {
    const expected = await readPackageDocument(bytesOf(text));
    assert.ok((expected?.packument?.versions.length ?? 0) > 3);
    const members = Object.entries(JSON.parse(text));
    for (const changed of [
      JSON.stringify(Object.fromEntries(members.toReversed()), undefined, '\t'),
      `\ufeff${text}\n`,
      // Of members of one name the last counts.
      text.replace('{', '{"versions":{"9.9.9":{}},"time":7,'),
      text.replace('{', '{"versions":[],'),
      text.replaceAll('/', '\\/'),
    ])
      assert.deepEqual(await readPackageDocument(bytesOf(changed)), expected);
  });

  it('is read the same however it was made of pieces: nothing of one version is in another', async () => {
    const one = (version: string): object => ({
      dependencies: { a: version },
      _npmUser: { name: version },
      repository: version,
      license: version,
      deprecated: version,
      scripts: { install: version },
      dist: { signatures: [{ keyid: version, sig: 'x' }] },
    });
    const same = ['1.0.0', '1.0.1', '1.0.0', '1.0.2'].map((like, nth) => [`2.0.${nth}`, one(like)] as const);
    const document = await readPackageDocument(bytesOf(JSON.stringify({ name: 'a', versions: Object.fromEntries(same) })));
    const versions = document?.packument?.versions ?? [];
    assert.deepEqual(
      versions.map((version) => ({ ...version })),
      ['1.0.0', '1.0.1', '1.0.0', '1.0.2'].map((like, nth) => ({
        version: `2.0.${nth}`,
        deprecated: like,
        hasInstallScript: true,
        publisher: { name: like },
        repository: like,
        license: like,
        installScripts: [{ name: 'install', command: like }],
        dependencies: { a: like },
        signatures: [{ keyid: like, sig: 'x' }],
      })),
    );
    assert.equal(versions[0]?.dependencies, versions[2]?.dependencies, 'held once');
  });

  it('that is cut anywhere is none', async () => {
    const bytes = bytesOf(packumentOf(1, 'x').text);
    for (let end = 0; end < bytes.length; end += 97) assert.equal(await readPackageDocument(bytes.subarray(0, end)), undefined);
  });

  it('leaves a turn for everything else while it is read', async () => {
    const manifest = JSON.stringify({ dist: { integrity: `sha512-${'A'.repeat(86)}==` }, text: 'x'.repeat(4_000) });
    const versions = Array.from({ length: 5_000 }, (_, nth) => `"1.0.${nth}":${manifest}`);
    let turns = 0;
    const watch = setInterval(() => turns++, 1);
    const document = await readPackageDocument(bytesOf(`{"versions":{${versions.join(',')}}}`));
    clearInterval(watch);
    assert.equal(document?.packument?.versions.length, 5_000);
    assert.ok(turns > 0, 'nothing else had a turn');
  });
});
