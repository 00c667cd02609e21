/** Where the files behind an address of a lockfile come from, going by the address alone. */
export function sourceOfAddress(address: string): 'tarball' | 'git' | 'file' {
  // The first line is what nearly all addresses are; the patterns behind it cost more than all else that is read of an entry.
  if (address.startsWith('https://') && address.endsWith('.tgz')) return 'tarball';
  if (/^(?:git|ssh:|bitbucket:|gist:)|\.git(?:#|$)/i.test(address)) return 'git';
  return /^https?:/i.test(address) ? 'tarball' : 'file';
}
