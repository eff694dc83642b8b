/**
 * The one error of the TL layer. Everything that arrives from a network is decoded under it: a
 * caller that catches `TlError` has caught every way in which bytes can be wrong.
 */

/** `unknown_method`: there should be a call, and the id is none. `malformed`: bytes do not fit. */
export type TlErrorKind = 'unknown_method' | 'unknown_constructor' | 'malformed' | 'too_large';

export class TlError extends Error {
  override readonly name = 'TlError';
  readonly kind: TlErrorKind;

  constructor(kind: TlErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
