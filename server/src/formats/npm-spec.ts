/** What a dependency's requirement is; replaced by the npm area's own reader. */
export type Spec =
  | { readonly kind: 'other' }
  | { readonly kind: 'version' }
  | { readonly kind: 'range' }
  | { readonly kind: 'tag' }
  | { readonly kind: 'git'; readonly commit?: string }
  | { readonly kind: 'alias'; readonly spec: string };

/** Reads a requirement. */
export function parseSpec(_text: string): Spec {
  return { kind: 'other' };
}
