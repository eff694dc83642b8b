/**
 * The store as services see it: a read that meets damage waits until the damaged entries have been
 * put right from another datacentre (mender.ts), and is then done again. What cannot be put right
 * in time rejects with `DataDamagedError`, whose text names no key.
 */
import type { Store } from '../environment/index.ts';
import { type CheckedStore, DamagedEntryError } from './checked-store.ts';

export class DataDamagedError extends Error {
  override name = 'DataDamagedError';
  constructor() {
    super('data on this disk is damaged and could not be put right in time');
  }
}

/** Puts entries right. Resolves to whether it has, in the time that a reader waits. */
export type Mend = (partition: string, keys: readonly string[]) => Promise<boolean>;

export interface GuardedStore extends Store {
  /** The store without waiting: its reads reject with `DamagedEntryError`. */
  readonly checked: CheckedStore;
  /** From now on reads wait for this; until it is called they do not wait. */
  guard(mend: Mend): void;
}

/** A range may hold more damage than was seen at first: so often it is put right and read again. */
const TRIES = 3;

export function guardedStore(checked: CheckedStore): GuardedStore {
  let mend: Mend | undefined;
  const sound = async <T>(read: () => Promise<T>): Promise<T> => {
    for (let tries = 0; ; tries++) {
      try {
        return await read();
      } catch (error) {
        if (!mend || !(error instanceof DamagedEntryError)) throw error;
        const done = tries < TRIES && (await mend(error.partition, error.keys));
        if (!done) throw new DataDamagedError();
      }
    }
  };
  return {
    checked,
    guard(by) {
      mend = by;
    },
    write: (batch) => checked.write(batch),
    get: (partition, key) => sound(() => checked.get(partition, key)),
    range: (partition, range) => sound(() => checked.range(partition, range)),
    partitions: (after, limit) => checked.partitions(after, limit),
    close: () => checked.close(),
  };
}
