/**
 * Finds copies that have silently become different from their master, and has the master write the
 * differing entries anew, through its stream, so that no repair can undo a newer write. Chunk by
 * chunk the copy's hash is compared with the master's, once the copy is as far as the master was.
 * Chunks that are being written to differ for that alone: an entry counts as different only if two
 * looks, some time apart, find both sides unchanged and unequal.
 */
import type { Clock, Log, Store, Timer } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import { hashChunk, hashEntries } from './anti-entropy-hashes.ts';
import type { Limits } from './limits.ts';
import type { PeerCalls, Peers } from './peer-calls.ts';
import type { Packable } from './records.ts';
import { domainOf, isName, REPAIR_REWRITE } from './repair-calls.ts';
import { type Cursor, domainStart } from './snapshot-pages.ts';

export interface AntiEntropyOptions {
  readonly dc: number;
  readonly others: readonly number[];
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly peers: Peers;
  /** Last number given to a record of the own stream. */
  readonly staged: () => number;
  /** Whether the copy of a domain reaches a record of its stream soon. */
  readonly reached: (dc: number, position: number) => boolean | Promise<boolean>;
  readonly found: (partition: string, keys: readonly string[]) => void;
}

/** What a comparison of everything came to. */
export interface Comparison {
  readonly chunks: number;
  /** Entries that differed and are the same again. */
  readonly repaired: number;
  /** DCs whose domains could not be compared to the end. */
  readonly incomplete: readonly number[];
}

const COMPARE_CHUNK = 'compare.chunk';
const COMPARE_ENTRIES = 'compare.entries';

/** Hashes of the same entry at its master and here; '' where there is none, or a damaged one. */
interface Difference {
  readonly partition: string;
  readonly key: string;
  readonly theirs: string;
  readonly ours: string;
}

export class AntiEntropy {
  readonly #o: AntiEntropyOptions;
  /** Where the next chunk of each domain begins. */
  readonly #cursors = new Map<number, Cursor>();
  #turn = 0;
  #stopped = false;
  #timer: Timer | undefined;
  readonly totals = { chunksCompared: 0, chunksPutOff: 0, divergencesFound: 0, keysRepaired: 0 };

  constructor(options: AntiEntropyOptions) {
    this.#o = options;
  }

  register(calls: PeerCalls): void {
    calls.register(COMPARE_CHUNK, (_, question) => this.#chunkFor(question));
    calls.register(COMPARE_ENTRIES, (_, question) => this.#entriesFor(question));
  }

  /** One chunk after the other, of all domains in turn, at leisure, until `stop`. */
  start(): void {
    const { clock, limits, others, log } = this.#o;
    if (others.length === 0) return;
    this.#timer = clock.after(limits.comparePauseMs, () => {
      const dc = others[this.#turn++ % others.length] ?? 0;
      const from = this.#cursors.get(dc) ?? domainStart(dc);
      this.#compare(dc, from)
        .then(
          (next) => this.#cursors.set(dc, next ?? domainStart(dc)),
          (error: Error) => {
            this.totals.chunksPutOff++;
            log.write('debug', 'compare_put_off', { of: dc, why: error.message });
          },
        )
        .finally(() => {
          if (!this.#stopped) this.start();
        });
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Compares every copy here with its master, now, and has repaired what differs. */
  async now(): Promise<Comparison> {
    const before = this.totals.chunksCompared;
    const repaired = this.totals.keysRepaired;
    const incomplete: number[] = [];
    for (const dc of this.#o.others) {
      try {
        for (let from: Cursor | undefined = domainStart(dc); from && !this.#stopped; ) {
          from = await this.#compare(dc, from);
        }
      } catch {
        incomplete.push(dc);
      }
    }
    const chunks = this.totals.chunksCompared - before;
    return { chunks, repaired: this.totals.keysRepaired - repaired, incomplete };
  }

  /** One chunk. Resolves to where the next one begins; rejects when it could not be compared. */
  async #compare(dc: number, from: Cursor): Promise<Cursor | undefined> {
    const { peers, store, limits, found, log } = this.#o;
    const chunk = receivedChunk(dc, await peers.ask(dc, COMPARE_CHUNK, [from.partition, from.key]));
    await this.#reach(dc, chunk.position);
    const until = chunk.next ?? domainEnd(dc);
    const ours = await hashChunk(store, dc, from, this.#chunkLimits(), until);
    for (const { partition, key } of ours.damaged) found(partition, [key]);
    if (Buffer.compare(ours.hash, chunk.hash) !== 0 && ours.damaged.length === 0) {
      const first = await this.#differences(dc, from, until);
      if (first.length > 0) {
        await this.#pause(limits.compareAgainMs);
        const second = await this.#differences(dc, from, until);
        const lasting = bothIn(first, second);
        if (lasting.length > 0) {
          this.totals.divergencesFound++;
          log.write('error', 'copy_diverged', { of: dc, entries: lasting.length });
          await this.#repair(dc, lasting);
        }
      }
    }
    this.totals.chunksCompared++;
    return chunk.next;
  }

  async #differences(dc: number, from: Cursor, until: Cursor): Promise<Difference[]> {
    const { peers, store, limits } = this.#o;
    const range = [from.partition, from.key, until.partition, until.key];
    const theirs = receivedEntries(dc, await peers.ask(dc, COMPARE_ENTRIES, range));
    await this.#reach(dc, theirs.position);
    const wanted = new Map(theirs.entries.map((entry) => [nameOf(entry), entry]));
    const differences: Difference[] = [];
    const here = await hashEntries(store, dc, from, until, limits.snapshotReadEntriesMax);
    for (const { partition, key, hash: ours } of here) {
      const name = nameOf({ partition, key });
      const theirHash = wanted.get(name)?.hash ?? '';
      wanted.delete(name);
      if (theirHash !== ours) differences.push({ partition, key, theirs: theirHash, ours });
    }
    for (const { partition, key, hash } of wanted.values()) {
      differences.push({ partition, key, theirs: hash, ours: '' });
    }
    return differences;
  }

  async #repair(dc: number, entries: readonly Difference[]): Promise<void> {
    const { peers, limits } = this.#o;
    for (let at = 0; at < entries.length; at += limits.repairKeysMax) {
      const some = entries.slice(at, at + limits.repairKeysMax);
      const keys = some.map(({ partition, key }) => [partition, key]);
      const position = await peers.ask(dc, REPAIR_REWRITE, keys);
      await this.#reach(dc, Number(position));
      this.totals.keysRepaired += some.length;
    }
  }

  async #reach(dc: number, position: number): Promise<void> {
    if (!(await this.#o.reached(dc, position))) throw new Error('the copy lags');
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#o.clock.after(ms, resolve));
  }

  #chunkLimits() {
    const { compareEntriesMax, compareBytesMax, snapshotReadEntriesMax } = this.#o.limits;
    return {
      entriesMax: compareEntriesMax,
      bytesMax: compareBytesMax,
      readEntriesMax: snapshotReadEntriesMax,
    };
  }

  /** At the master. */
  async #chunkFor(question: unknown): Promise<Packable> {
    const { dc, store, found, staged } = this.#o;
    const [partition, key] = this.#names(question, 2);
    const from = { partition: partition!, key: key! };
    const { hash, next, damaged } = await hashChunk(store, dc, from, this.#chunkLimits());
    for (const entry of damaged) found(entry.partition, [entry.key]);
    if (damaged.length > 0) throw new RpcError(503, 'DAMAGED_HERE');
    return [hash, next ? [next.partition, next.key] : null, staged()];
  }

  async #entriesFor(question: unknown): Promise<Packable> {
    const { dc, store, limits, staged } = this.#o;
    const [partition, key, endPartition, endKey] = this.#names(question, 4);
    const from = { partition: partition!, key: key! };
    const until = { partition: endPartition!, key: endKey! };
    const entries = await hashEntries(store, dc, from, until, limits.snapshotReadEntriesMax);
    // More than was in the chunk: it was written to a great deal since.
    if (entries.length > 2 * limits.compareEntriesMax) throw new RpcError(503, 'CHUNK_GREW');
    return [entries.map((entry) => [entry.partition, entry.key, entry.hash]), staged()];
  }

  #names(question: unknown, count: number): readonly string[] {
    const names = Array.isArray(question) ? (question as unknown[]) : [];
    const right = names.length === count && names.every(isName);
    // An end may be the end of the domain, which is no partition of it.
    if (!right || domainOf(names[0] as string) !== this.#o.dc) {
      throw new RpcError(400, 'COMPARE_INVALID');
    }
    return names as string[];
  }
}

/** Behind every entry of a domain: "0" is the character after "/". */
const domainEnd = (dc: number): Cursor => ({ partition: `d${dc}0`, key: '' });

const nameOf = ({ partition, key }: { partition: string; key: string }): string =>
  `${partition}\0${key}`;

/** Differences that were the same in both looks. */
function bothIn(first: readonly Difference[], second: readonly Difference[]): Difference[] {
  const known = new Map(first.map((each) => [nameOf(each), each]));
  return second.filter((each) => {
    const before = known.get(nameOf(each));
    return before?.theirs === each.theirs && before.ours === each.ours;
  });
}

const NO_ANSWER = 'that is no answer of a comparison';

function receivedChunk(
  dc: number,
  answer: unknown,
): { hash: Uint8Array; next: Cursor | undefined; position: number } {
  const [hash, next, position] = Array.isArray(answer) ? (answer as unknown[]) : [];
  if (!(hash instanceof Uint8Array) || !Number.isSafeInteger(position)) throw new Error(NO_ANSWER);
  if (next === null) return { hash, next: undefined, position: position as number };
  const [partition, key] = Array.isArray(next) ? (next as unknown[]) : [];
  if (!isName(partition) || !isName(key) || domainOf(partition) !== dc) throw new Error(NO_ANSWER);
  return { hash, next: { partition, key }, position: position as number };
}

function receivedEntries(
  dc: number,
  answer: unknown,
): { entries: { partition: string; key: string; hash: string }[]; position: number } {
  const [list, position] = Array.isArray(answer) ? (answer as unknown[]) : [];
  if (!Array.isArray(list) || !Number.isSafeInteger(position)) throw new Error(NO_ANSWER);
  const entries = list.map((entry: unknown) => {
    const [partition, key, hash] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const right = isName(partition) && isName(key) && typeof hash === 'string';
    if (!right || domainOf(partition) !== dc) throw new Error(NO_ANSWER);
    return { partition, key, hash };
  });
  return { entries, position: position as number };
}
