/**
 * Who is at home where. A user is born at the DC that the phone number names (the id says which)
 * and stays there unless moved; the few who have moved are kept in memory, from the records that
 * their DC of birth replicates to everyone. A channel lives where it was created.
 */
import type { Store } from '../environment/index.ts';
import { accountsPartition, birthDcOf, positionValue } from './keys.ts';
import { unpack } from './records.ts';

/** Moved users read at once when a DC starts. */
const PAGE = 1_000;

export class Homes {
  readonly #moved = new Map<number, number>();

  /** Reads who has moved, from the domains of all DCs as far as they are known here. */
  async open(store: Store, dcs: readonly number[]): Promise<void> {
    for (const dc of dcs) {
      for (let from = 'moved/'; ; ) {
        const page = await store.range(accountsPartition(dc), { from, to: 'moved0', limit: PAGE });
        for (const { key, value } of page) this.set(movedUser(key), unpack<number>(value));
        if (page.length < PAGE) break;
        from = `${page.at(-1)?.key}\0`;
      }
    }
  }

  /** Home DC of a user or of a channel: ids of both say where they were born. */
  of(id: number): number {
    return this.#moved.size === 0 ? birthDcOf(id) : (this.#moved.get(id) ?? birthDcOf(id));
  }

  /** A user's home is `dc` from now on. */
  set(userId: number, dc: number): void {
    if (dc === birthDcOf(userId)) this.#moved.delete(userId);
    else this.#moved.set(userId, dc);
  }
}

/** The user that a `moved/` key names. */
export function movedUser(key: string): number {
  return positionValue(key.slice('moved/'.length));
}
