/**
 * What users' second devices have shown: everything that the first one sent and got. One device is
 * never told of its own writes, the others must be.
 */
import { Ledger, type LedgerEntry } from './ledger.ts';

export class EchoLedger {
  /** Messages that the second device of a user has shown. */
  readonly #shown = new Map<number, Set<number>>();

  /** The user has a second device, which follows from now on. */
  expect(user: number): void {
    this.#shown.set(user, new Set());
  }

  shown(user: number, text: string): void {
    const id = Ledger.idOf(text);
    if (id !== undefined) this.#shown.get(user)?.add(id);
  }

  /** Messages that are stored and that a second device has not shown. */
  missing(entries: readonly LedgerEntry[]): LedgerEntry[] {
    if (this.#shown.size === 0) return [];
    return entries.filter((entry) => {
      const { id, sender, recipient, storedMs, deliveredMs } = entry;
      const isMissing = (user: number): boolean => this.#shown.get(user)?.has(id) === false;
      return (
        (storedMs !== undefined && isMissing(sender)) ||
        (deliveredMs !== undefined && isMissing(recipient))
      );
    });
  }
}
