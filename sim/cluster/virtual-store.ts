/**
 * The disk of one virtual node. It outlives the node: `open()` gives the store of one life of the
 * process, `crash()` ends that life, the next `open()` shows what was durable.
 *
 * A write becomes visible and durable at once, after a drawn sync latency, and resolves in that
 * moment. A crash before that loses the batch or, drawn, keeps it whole: both are legal, as nobody
 * was told. What is pending in a crash never settles, because the process that waited is gone.
 *
 * A torn write is a crash that surely loses the batch: a log with checksums drops the torn tail
 * when it is opened. Damage at rest (`rot`) is not noticed here, as little as by a real drive.
 */
import type {
  Store,
  StoreEntry,
  StoreRange,
  StoreWrite,
} from '../../system-under-test/environment/index.ts';
import { uniform32 } from '../core/draws.ts';
import type { WordSource } from '../core/xoshiro.ts';
import { type DamagedValue, rotValues } from './disk-rot.ts';
import { type DiskTrouble, DiskTroubles } from './disk-troubles.ts';
import type { PauseGate } from './pause-gate.ts';
import { SortedPartition } from './sorted-partition.ts';
import { checksumOf } from './trace-digest.ts';
import type { ScheduledEvent, VirtualLoop } from './virtual-loop.ts';

/** How fast a virtual disk is and what a crash does to it. Times in virtual milliseconds. */
export interface DiskCharacter {
  /** One synced batch takes a time drawn evenly between these. */
  readonly syncMsMin: number;
  readonly syncMsMax: number;
  /** A sync may meet a stall (a flush of the drive's cache, a neighbour): how often, how long. */
  readonly stallChance: number;
  readonly stallMs: number;
  /** One read takes a time drawn evenly between 0 and this. */
  readonly readMsMax: number;
  /** Probability that a batch in flight survives a crash. */
  readonly keepUnsyncedChance: number;
}

/**
 * An ordinary NVMe drive with fsync (assumption); the calibration of the live world replaces it.
 */
export const DISK_DEFAULT: DiskCharacter = {
  syncMsMin: 0.3,
  syncMsMax: 1.5,
  stallChance: 0.002,
  stallMs: 15,
  readMsMax: 0.2,
  keepUnsyncedChance: 0.5,
};

export interface VirtualDisk {
  /**
   * The store of a new life of the process, whose gate keeps its answers while it is paused. The
   * previous life must be closed or crashed.
   */
  open(gate?: PauseGate): Store;
  /** The process dies now: its pending calls never settle, its batch in flight is lost or kept. */
  crash(): void;
  /** The same as `open`, after a crash. */
  reopen(gate?: PauseGate): Store;
  /** Makes the disk slow or full until the function returned is called. Troubles add up. */
  addTrouble(trouble: DiskTrouble): () => void;
  /**
   * Calls `onTorn` in the middle of the next write, once; the caller must let the process crash
   * then, and the batch is lost. The function returned takes it back if it has not come to that.
   */
  tearNextWrite(random: WordSource, onTorn: () => void): () => void;
  /** Flips a drawn bit in up to `count` drawn values (not empty ones) that `may` rot. */
  rot(
    random: WordSource,
    count: number,
    may: (partition: string, key: string) => boolean,
  ): DamagedValue[];
  /** Another, empty disk takes the place of this one. The process must not be running. */
  wipe(): void;
  /** What a crash right now would leave for certain, for checkers: in key order, not copied. */
  durable(partition: string): readonly StoreEntry[];
  /** Names of the partitions that hold anything, sorted. */
  partitions(): string[];
  view(): DiskView;
}

/** No space is left. What a store says when a file cannot grow (ENOSPC). */
export class DiskFullError extends Error {
  override name = 'DiskFullError';
  constructor(node: string) {
    super(`the disk of ${node} is full: no space is left for the write`);
  }
}

export interface DiskView {
  readonly entries: number;
  readonly batches: number;
  readonly bytesWritten: number;
  readonly crashes: number;
  /** Batches in flight in a crash, and how many of them survived. */
  readonly inFlightAtCrash: number;
  readonly keptAtCrash: number;
  /** Batches that a torn write destroyed; not among `inFlightAtCrash`. */
  readonly torn: number;
}

/** Printable ASCII: what the store's interface allows in partitions and keys. */
const PRINTABLE = /^[\x20-\x7e]*$/;
/** Behind every name of a partition. */
const END = '\x7f';
const NOTHING = new Uint8Array(0);

interface Life {
  readonly gate: PauseGate | undefined;
  readonly pending: Set<ScheduledEvent>;
  /** The batch whose sync is under way. */
  inFlight: readonly StoreWrite[] | undefined;
  /** Set by the first `close`; resolves when the batch in flight has settled. */
  closing: Promise<void> | undefined;
  crashed: boolean;
  /** The batch in flight has been torn: it does not survive. */
  torn: boolean;
  /** Called when the batch in flight has settled. */
  afterWrite: (() => void) | undefined;
}

export function createVirtualDisk(
  loop: VirtualLoop,
  random: WordSource,
  node: string,
  character: DiskCharacter = DISK_DEFAULT,
): VirtualDisk {
  const data = new Map<string, SortedPartition>();
  /** The names in `data`, in order. */
  const names = new SortedPartition();
  const counts = {
    batches: 0,
    bytesWritten: 0,
    crashes: 0,
    inFlightAtCrash: 0,
    keptAtCrash: 0,
    torn: 0,
  };
  let life: Life | undefined;
  const troubles = new DiskTroubles();
  let tear: ((own: Life, syncMs: number) => void) | undefined;

  const apply = (batch: readonly StoreWrite[]): void => {
    for (const write of batch) {
      let partition = data.get(write.partition);
      if (write.kind === 'put') {
        if (!partition) {
          partition = new SortedPartition();
          data.set(write.partition, partition);
          names.put(write.partition, NOTHING);
        }
        partition.put(write.key, write.value);
        counts.bytesWritten += write.key.length + write.value.length;
      } else if (partition) {
        partition.delete(write.key);
        if (partition.size === 0) {
          data.delete(write.partition);
          names.delete(write.partition);
        }
      }
    }
    counts.batches++;
  };

  const syncMs = (): number => {
    const { syncMsMin, syncMsMax, stallChance, stallMs } = character;
    const usual = syncMsMin + uniform32(random) * (syncMsMax - syncMsMin);
    return troubles.delayed(uniform32(random) < stallChance ? usual + stallMs : usual);
  };

  const open = (gate?: PauseGate): Store => {
    if (life && !life.closing && !life.crashed) {
      throw new Error(`the store of ${node} is already open`);
    }
    const own: Life = {
      gate,
      pending: new Set(),
      inFlight: undefined,
      closing: undefined,
      crashed: false,
      torn: false,
      afterWrite: undefined,
    };
    life = own;
    return createStore(own);
  };

  /** A call of the process: after `delayMs` its work is done, unless the process died meanwhile. */
  const later = <T>(
    own: Life,
    delayMs: number,
    kind: string,
    detail: number,
    work: () => T,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      if (own.crashed) return;
      const finish = (): void => {
        own.pending.delete(event);
        const settle = outcomeOf(work, resolve, reject);
        // The disk has done it; a process that stands still hears of it later.
        if (own.gate?.paused) own.gate.hold(settle);
        else settle();
      };
      const event = loop.schedule(delayMs, kind, node, finish, detail);
      own.pending.add(event);
    });

  const read = <T>(own: Life, work: () => T): Promise<T> => {
    if (own.closing && !own.crashed)
      return Promise.reject(new Error(`the store of ${node} is closed`));
    return later(
      own,
      troubles.delayed(uniform32(random) * character.readMsMax),
      'store read',
      0,
      work,
    );
  };

  const createStore = (own: Life): Store => ({
    write(batch) {
      if (own.crashed) return new Promise(() => {});
      if (own.closing) return Promise.reject(new Error(`the store of ${node} is closed`));
      if (own.inFlight) {
        return Promise.reject(new Error('write was called before the previous one has settled'));
      }
      const problem = batch.map(problemOf).find((found) => found !== undefined);
      if (problem !== undefined) return Promise.reject(new Error(problem));
      const taken = batch.map(copyOf);
      own.inFlight = taken;
      const ms = syncMs();
      if (tear !== undefined) tear(own, ms);
      return later(own, ms, 'store write', batchChecksum(taken), () => {
        const full = troubles.refuseWrite();
        if (!full) apply(taken);
        own.inFlight = undefined;
        own.afterWrite?.();
        if (full) throw new DiskFullError(node);
      });
    },
    get(partition, key) {
      return read(own, () => data.get(partition)?.get(key)?.slice());
    },
    range(partition, range) {
      if (!Number.isInteger(range.limit) || range.limit < 1) {
        return Promise.reject(new Error(`limit: ${range.limit} is not right; use 1 or more`));
      }
      const asked: StoreRange = { ...range };
      return read(own, () =>
        (data.get(partition)?.range(asked) ?? []).map(({ key, value }) => ({
          key,
          value: value.slice(),
        })),
      );
    },
    partitions(after, limit) {
      if (!Number.isInteger(limit) || limit < 1) {
        return Promise.reject(new Error(`limit: ${limit} is not right; use 1 or more`));
      }
      // The string right behind `after` is `after` with the smallest character at its end.
      const asked: StoreRange = { from: `${after}\0`, to: END, limit };
      return read(own, () => names.range(asked).map((entry) => entry.key));
    },
    close() {
      if (own.crashed) return new Promise(() => {});
      own.closing ??= new Promise((resolve) => {
        if (own.inFlight) own.afterWrite = resolve;
        else resolve();
      });
      return own.closing;
    },
  });

  return {
    open,
    reopen: open,
    crash() {
      counts.crashes++;
      if (!life || life.crashed) return;
      life.crashed = true;
      for (const event of life.pending) event.cancel();
      life.pending.clear();
      if (life.torn) {
        counts.torn++;
      } else if (life.inFlight) {
        counts.inFlightAtCrash++;
        if (uniform32(random) < character.keepUnsyncedChance) {
          counts.keptAtCrash++;
          apply(life.inFlight);
        }
      }
    },
    addTrouble: (trouble) => troubles.add(trouble),
    tearNextWrite(drawn, onTorn) {
      let event: ScheduledEvent | undefined;
      const plan = (own: Life, ms: number): void => {
        tear = undefined;
        event = loop.schedule(uniform32(drawn) * ms, 'torn write', node, () => {
          if (own.crashed || !own.inFlight) return;
          own.torn = true;
          onTorn();
        });
      };
      tear = plan;
      return () => {
        if (tear === plan) tear = undefined;
        event?.cancel();
      };
    },
    rot: (drawn, count, may) => rotValues(data, drawn, count, may),
    wipe() {
      if (life && !life.crashed && !life.closing) throw new Error(`the store of ${node} is open`);
      data.clear();
      for (const name of names.entries()) names.delete(name.key);
    },
    durable: (partition) => data.get(partition)?.entries() ?? [],
    partitions: () => [...data.keys()].sort(),
    view() {
      let entries = 0;
      for (const partition of data.values()) entries += partition.size;
      return { entries, ...counts };
    },
  };
}

/** Does the work, and gives what tells the caller how it went. */
function outcomeOf<T>(
  work: () => T,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): () => void {
  try {
    const value = work();
    return () => resolve(value);
  } catch (error) {
    return () => reject(error);
  }
}

const copyOf = (write: StoreWrite): StoreWrite =>
  write.kind === 'put' ? { ...write, value: write.value.slice() } : { ...write };

function problemOf(write: StoreWrite): string | undefined {
  const { partition, key } = write;
  return partition !== '' && PRINTABLE.test(partition) && PRINTABLE.test(key)
    ? undefined
    : `partition ${JSON.stringify(partition)}, key ${JSON.stringify(key)}: use printable ASCII`;
}

function batchChecksum(batch: readonly StoreWrite[]): number {
  let sum = batch.length;
  for (const write of batch) {
    if (write.kind === 'put') sum = (Math.imul(sum, 31) + checksumOf(write.value)) >>> 0;
  }
  return sum;
}
