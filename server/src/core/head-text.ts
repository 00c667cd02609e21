/** What a file holds in the last commit of its repository: its text, nothing (the commit has no such file), or nobody knows why. */
export type HeadText =
  | { readonly state: 'known'; readonly commit: string; readonly text: string }
  | { readonly state: 'absent'; readonly commit: string }
  | { readonly state: 'unknown'; readonly reason: string };
