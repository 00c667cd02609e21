/** Text that outlives a session, kept under short names (`git-refs`, `first-seen`): a cache folder on a disk, or memory. */
export interface Storage {
  /** What was kept under a name; undefined where there is nothing, or nothing that can be read. Never rejects. */
  read(name: string): Promise<string | undefined>;
  /** Replaces it in one step: a crash leaves the old text or the new one. Resolves to false where it could not be written. */
  write(name: string, text: string): Promise<boolean>;
}
