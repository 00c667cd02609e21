import type { Metadata, Root } from '@tufjs/models';
import { readRoot } from './metadata.ts';

/** The root that travels along. Throws where it is spoilt. */
export function firstRoot(base64: string): Metadata<Root> {
  const root = readRoot(Buffer.from(base64, 'base64').toString());
  root.verifyDelegate('root', root);
  return root;
}

/** The root after another one: signed by the keys of both, and of the very next version (section 5.3). Throws where it is not. */
export function nextRoot(before: Metadata<Root>, text: string): Metadata<Root> {
  const root = readRoot(text);
  before.verifyDelegate('root', root);
  root.verifyDelegate('root', root);
  const wanted = before.signed.version + 1;
  if (root.signed.version !== wanted) throw new Error(`root has the version ${root.signed.version}, not ${wanted}`);
  return root;
}

/** Whether the keys that sign timestamps or snapshots are others than before. */
export function hasNewOnlineKeys(before: Metadata<Root>, after: Metadata<Root>): boolean {
  return ['timestamp', 'snapshot'].some((role) => keysOf(before, role) !== keysOf(after, role));
}

function keysOf({ signed: { roles, keys } }: Metadata<Root>, role: string): string {
  const ids = roles[role]?.keyIDs ?? [];
  return JSON.stringify(ids.map((id) => [id, keys[id]?.keyVal]).sort());
}

/** The roots after `first` that were kept, as far as they make a chain: those before it, which an older Waybill kept, are left out. */
export function keptRoots(first: Metadata<Root>, texts: readonly string[]): { readonly root: Metadata<Root>; readonly roots: string[] } {
  let root = first;
  const roots: string[] = [];
  for (const text of texts) {
    try {
      if (readRoot(text).signed.version <= first.signed.version) continue;
      root = nextRoot(root, text);
    } catch {
      break;
    }
    roots.push(text);
  }
  return { root, roots };
}
