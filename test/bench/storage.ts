import type { SharedStorage } from '../../server/src/sources/fact-cache.ts';

/** A storage in memory. */
export function storageOf(texts: Map<string, string>): SharedStorage {
  return {
    read: async (name) => texts.get(name),
    write: async (name, text) => texts.set(name, text) === texts,
    update: async (name, change) => texts.set(name, change(texts.get(name))) === texts,
    remove: async (name) => {
      texts.delete(name);
    },
  };
}
