/**
 * The file beside the script: who takes part, with their tokens, and who writes to whom. Secret,
 * as tokens are; not part of the script, so that a script can be shown and kept.
 */
export interface K6Data {
  /** By DC: "http://host:port". */
  readonly gateways: Readonly<Record<string, string>>;
  readonly users: readonly K6User[];
  /** Sender and recipient of message n, by their places in `users`. */
  readonly pairs: readonly (readonly [sender: number, recipient: number])[];
}

export interface K6User {
  /** Home. */
  readonly dc: number;
  /** How others address this person. */
  readonly chat: string;
  readonly token: string;
}
