/**
 * The durable, ordered key-value store of one datacentre. Small on purpose: everything durable in
 * the backend is an ordered log in a partition, and this is all that a log needs.
 *
 * A key is a partition and a position in it. Both are printable ASCII strings, a partition of at
 * least one character; both compare byte by byte (numbers are written with a fixed width, see
 * datacenter/keys.ts).
 */

export type StoreWrite =
  | {
      readonly kind: 'put';
      readonly partition: string;
      readonly key: string;
      readonly value: Uint8Array;
    }
  | { readonly kind: 'delete'; readonly partition: string; readonly key: string };

export interface StoreEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

export interface StoreRange {
  /** First position, inclusive. */
  readonly from: string;
  /** Last position, exclusive. */
  readonly to: string;
  /** At most this many entries, at least 1. */
  readonly limit: number;
  /** Largest position first; `limit` then counts from the end. Default false. */
  readonly reverse?: boolean;
}

export interface Store {
  /**
   * Applies all writes or none, in order, and resolves only once they would survive a crash of the
   * process or the machine. Not called again before the previous call has settled (group commit,
   * datacenter/commit-log.ts, sees to that). After a rejection the state of the batch is unknown:
   * the datacentre must stop and recover.
   */
  write(batch: readonly StoreWrite[]): Promise<void>;
  /** Reads see every batch whose `write` has resolved, and no part of one that has not begun. */
  get(partition: string, key: string): Promise<Uint8Array | undefined>;
  range(partition: string, range: StoreRange): Promise<StoreEntry[]>;
  /**
   * Names of the partitions that hold anything, in order, the first `limit` (at least 1) of those
   * behind `after`; '' is before all. Costs a seek a name, however much the partitions hold.
   */
  partitions(after: string, limit: number): Promise<string[]>;
  close(): Promise<void>;
}
