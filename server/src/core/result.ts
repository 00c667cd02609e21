/** An expected outcome: a value, or an error that is data and not an exception. */
export type Result<V, E = string> = { readonly ok: true; readonly value: V } | { readonly ok: false; readonly error: E };

/** A successful result. */
export function ok<V>(value: V): { readonly ok: true; readonly value: V } {
  return { ok: true, value };
}

/** A failed result. */
export function fail<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}
