import type { Lookalike } from '../core/lookalike.ts';
import { isForeign, latin, singleEdit, withoutDelimiters } from './compare.ts';
import type { LookalikeData, Targets } from './data.ts';
import { surest } from './surest.ts';

/** Names of images of processor architectures: `amd64/node` is Docker's own (docker-library/official-images, "Architectures"). */
// biome-ignore format: one row
const ARCHITECTURES: ReadonlySet<string> = new Set([
  'amd64', 'arm32v5', 'arm32v6', 'arm32v7', 'arm64v8', 'i386', 'mips64le', 'ppc64le', 'riscv64', 's390x', 'windows-amd64', 'winamd64',
]);

/** Shorter names are near each other by chance. */
const MIN_LENGTH = 4;

/** Judges `owner/repository` of actions: an owner near a well-known one. Below a well-known owner nobody else can publish. */
export class ActionNames {
  readonly #owners: ReadonlyMap<string, number>;
  readonly #slugs: ReadonlyMap<string, number>;

  constructor({ actions }: LookalikeData) {
    this.#slugs = weightsOf(actions);
    this.#owners = ownersOf(this.#slugs);
  }

  /** What an action looks like, its slug in any case; undefined for one that looks like itself. */
  judge(written: string): Lookalike | undefined {
    const slug = latin(written);
    const owner = ownerOf(slug);
    if (!isForeign(written) && this.#owners.has(owner)) return undefined;
    return nearOwner(owner, slug.split('/')[1] ?? '', isForeign(written), this.#owners, this.#slugs);
  }
}

/** Judges image names as they are written, without tag and digest. */
export class ImageNames {
  readonly #images: ReadonlyMap<string, number>;
  readonly #owners: ReadonlyMap<string, number>;
  readonly #registries: readonly string[];

  constructor({ images, registries }: LookalikeData) {
    this.#images = weightsOf(images);
    this.#owners = ownersOf(this.#images);
    this.#registries = registries;
  }

  /** What an image's registry or name looks like; undefined for one that looks like itself. */
  judge(written: string): Lookalike | undefined {
    const name = written
      .toLowerCase()
      .replace(/^(?:index\.)?docker\.io\//, '')
      .replace(/^library\//, '');
    const [first = '', ...rest] = name.split('/');
    const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
    if (isHost) return this.#judgeHost(first, rest.join('/'));
    if (this.#images.has(name)) return undefined;
    if (rest.length === 0) return this.#near(name);
    if (ARCHITECTURES.has(first)) return this.#near(rest.join('/'), `${first}/`);
    return this.#near(name);
  }

  #judgeHost(host: string, repository: string): Lookalike | undefined {
    if (this.#registries.some((known) => host === known || host.endsWith(`.${known}`))) return undefined;
    const found = this.#registries.flatMap((known) => {
      const edit = singleEdit(host, known);
      if (edit === undefined || known.length < 6) return [];
      // A registry of one's own may have a short name too: of those only slips of the finger.
      if (known.length < 8 && edit.kind !== 'swap' && edit.kind !== 'repeat' && edit.kind !== 'omit' && edit.kind !== 'keyboard') return [];
      return [{ target: `${known}/${repository}`, kind: edit.kind, confidence: 'high', weight: 0 } as const];
    });
    return surest(`${host}/${repository}`, found);
  }

  #near(name: string, prefix = ''): Lookalike | undefined {
    if (this.#images.has(name)) return undefined;
    const plain = latin(name);
    const owner = ownerOf(plain);
    if (owner !== '') {
      // Below a well-known namespace nobody else can publish.
      if (!isForeign(name) && this.#owners.has(owner)) return undefined;
      return nearOwner(owner, plain.slice(owner.length + 1), isForeign(name), this.#owners, this.#images);
    }
    const found = [...this.#images]
      .filter(([target]) => !target.includes('/'))
      .flatMap(([target, weight]) => {
        const kind = isForeign(name) && plain === target ? 'homoglyph' : kindOf(name, target);
        return kind === undefined ? [] : [{ target: `${prefix}${target}`, kind, confidence: 'high', weight } as const];
      });
    return surest(`${prefix}${name}`, found);
  }
}

/** What the owner of an action or an image looks like, with the name below it. */
function nearOwner(
  owner: string,
  name: string,
  hasForeign: boolean,
  owners: ReadonlyMap<string, number>,
  slugs: ReadonlyMap<string, number>,
): Lookalike | undefined {
  const found = [...owners].flatMap(([target, weight]) => {
    const kind = hasForeign && target === owner ? 'homoglyph' : kindOf(owner, target);
    if (kind === undefined) return [];
    const whole = `${target}/${name}`;
    return [{ target: whole, kind, confidence: slugs.has(whole) ? 'high' : 'medium', weight: slugs.get(whole) ?? weight } as const];
  });
  return surest(`${owner}/${name}`, found);
}

/** The owners of slugs, each with the use of its most used one. */
function ownersOf(slugs: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const owners = new Map<string, number>();
  for (const [slug, weight] of slugs) {
    const owner = ownerOf(slug);
    if (owner !== '') owners.set(owner, Math.max(weight, owners.get(owner) ?? 0));
  }
  return owners;
}

function ownerOf(name: string): string {
  return name.slice(0, Math.max(0, name.indexOf('/')));
}

function kindOf(name: string, target: string): Lookalike['kind'] | undefined {
  const length = Math.min(name.length, target.length);
  if (length < MIN_LENGTH || name === target) return undefined;
  if (withoutDelimiters(name) === withoutDelimiters(target)) return 'delimiter';
  const edit = singleEdit(name, target);
  if (edit === undefined) return undefined;
  // `node` and `code`: of four letters only a swap or a doubled letter says something.
  if (length < 5 && edit.kind !== 'swap' && edit.kind !== 'repeat') return undefined;
  // `actions-js` and `actions-rs`: a word of two letters with another letter is another word.
  if (edit.kind !== 'swap' && edit.wordLength <= 2) return undefined;
  return edit.kind;
}

function weightsOf({ names, weights }: Targets): ReadonlyMap<string, number> {
  return new Map(names.map((name, id) => [name, weights[id] ?? 0]));
}
