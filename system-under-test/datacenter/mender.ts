/**
 * Puts damaged entries right. An entry of another DC's domain is written anew by its master,
 * through its stream. One of the own domain is taken from a DC that has a copy, or from the own
 * stream if it was written since that copy was made, and goes through the stream too. Of the local
 * logs, what is still in memory is written again; a damaged record of the stream that a DC still
 * needs makes it take a snapshot; a damaged outbox entry is lost, and reported when its turn comes
 * to be sent.
 */
import type { Clock, Log, StoreWrite } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import type { CommitLog } from './commit-log.ts';
import { positionValue } from './keys.ts';
import type { Limits } from './limits.ts';
import type { NumberedLog } from './numbered-log.ts';
import type { PeerCalls, Peers } from './peer-calls.ts';
import { type Packable, unpackStreamRecord } from './records.ts';
import {
  domainOf,
  type EntryAnswer,
  isName,
  REPAIR_FETCH,
  REPAIR_REWRITE,
  receivedEntries,
} from './repair-calls.ts';

export interface MenderOptions {
  readonly dc: number;
  readonly others: readonly number[];
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly commits: CommitLog;
  readonly stream: NumberedLog;
  /** Logs of the outboxes, by partition. */
  readonly outboxes: ReadonlyMap<string, NumberedLog>;
  readonly peers: Peers;
  /** Whether the copy of a DC's domain reaches a record of its stream soon. */
  readonly reached: (dc: number, position: number) => boolean | Promise<boolean>;
  /** Whether the copy of a DC's domain is being taken anew anyway. */
  readonly beingTaken: (dc: number) => boolean;
  /** What a local record must be, where this process knows. */
  readonly localWrite: (partition: string, key: string) => StoreWrite | undefined;
}

/** An entry that waits to be put right. */
interface Damage {
  readonly partition: string;
  readonly key: string;
  readonly mended: Promise<boolean>;
  readonly settle: (mended: boolean) => void;
}

export class Mender {
  readonly #o: MenderOptions;
  readonly #damages = new Map<string, Damage>();
  #running = false;
  #stopped = false;
  readonly totals = { damageFound: 0, damageMended: 0 };

  constructor(options: MenderOptions) {
    this.#o = options;
  }

  register(calls: PeerCalls): void {
    calls.register(REPAIR_REWRITE, (from, question) => this.#rewriteFor(from, question));
  }

  stop(): void {
    this.#stopped = true;
    for (const damage of this.#damages.values()) damage.settle(false);
  }

  /** Entries known to be damaged and not put right yet. */
  get pending(): number {
    return this.#damages.size;
  }

  /** For a reader: whether these entries are put right within the time that it waits. */
  mend(partition: string, keys: readonly string[]): Promise<boolean> {
    const damages = this.found(partition, keys);
    const { clock, limits } = this.#o;
    return new Promise((resolve) => {
      const late = clock.after(limits.damageWaitMs, () => resolve(false));
      void Promise.all(damages.map(({ mended }) => mended)).then((done) => {
        late.cancel();
        resolve(done.length === keys.length && done.every((each) => each));
      });
    });
  }

  /** Damage was met; it will be put right as soon as that is possible. */
  found(partition: string, keys: readonly string[]): readonly Damage[] {
    const before = this.#damages.size;
    const damages = keys.flatMap((key) => this.#damage(partition, key) ?? []);
    const entries = this.#damages.size - before;
    if (entries > 0) {
      this.totals.damageFound += entries;
      // Never the keys: they can be phone numbers.
      this.#o.log.write('error', 'damage_found', { kind: kindOf(partition), entries });
    }
    this.run();
    return damages;
  }

  #damage(partition: string, key: string): Damage | undefined {
    const name = `${partition}\0${key}`;
    const known = this.#damages.get(name);
    if (known || this.#damages.size >= this.#o.limits.damagesPendingMax) return known;
    const { promise: mended, resolve: settle } = Promise.withResolvers<boolean>();
    const damage = { partition, key, mended, settle };
    this.#damages.set(name, damage);
    return damage;
  }

  /** Something has changed: try what waits. */
  run(): void {
    if (this.#running || this.#stopped || this.#damages.size === 0) return;
    this.#running = true;
    const { clock, limits } = this.#o;
    this.#round().then((all) => {
      this.#running = false;
      if (all) this.run();
      else clock.after(limits.damageRetryMs, () => this.run());
    });
  }

  /** Tries everything that waits, once. Returns whether all of it is put right. */
  async #round(): Promise<boolean> {
    const byPartition = new Map<string, Damage[]>();
    for (const damage of this.#damages.values()) {
      const known = byPartition.get(damage.partition);
      if (known) known.push(damage);
      else byPartition.set(damage.partition, [damage]);
    }
    let all = true;
    const { repairKeysMax } = this.#o.limits;
    for (const [partition, damages] of byPartition) {
      for (let at = 0; at < damages.length; at += repairKeysMax) {
        const some = damages.slice(at, at + repairKeysMax);
        const keys = some.map(({ key }) => key);
        const mended = await this.#mendAll(partition, keys).catch(() => false);
        if (mended) for (const damage of some) this.#settled(damage);
        else all = false;
      }
    }
    return all;
  }

  #settled(damage: Damage): void {
    this.#damages.delete(`${damage.partition}\0${damage.key}`);
    this.totals.damageMended++;
    damage.settle(true);
  }

  async #mendAll(partition: string, keys: readonly string[]): Promise<boolean> {
    const domain = domainOf(partition);
    if (domain === this.#o.dc) return this.#mendOwn(partition, keys);
    if (domain !== undefined) return this.#mendCopy(domain, partition, keys);
    return this.#mendLocal(partition, keys);
  }

  async #mendCopy(home: number, partition: string, keys: readonly string[]): Promise<boolean> {
    const { peers, beingTaken, reached } = this.#o;
    if (beingTaken(home)) return false;
    const entries = keys.map((key) => [partition, key]);
    const position = await peers.ask(home, REPAIR_REWRITE, entries);
    if (!Number.isSafeInteger(position)) return false;
    return reached(home, position as number);
  }

  /** Returns whether every entry is sound now. */
  async #mendOwn(partition: string, keys: readonly string[]): Promise<boolean> {
    const { others, peers, stream, commits, dc } = this.#o;
    const upTo = commits.nextStreamNumber - 1;
    for (const peer of others.filter((other) => peers.reach(other))) {
      const answer = await peers
        .ask(peer, REPAIR_FETCH, [dc, partition, keys])
        .then((received) => receivedEntries(keys.length, received))
        .catch(() => undefined);
      if (!answer || answer.position + 1 < stream.oldest) continue;
      const values = await writtenSince(stream, answer, partition, keys, upTo);
      if (!values) continue;
      const left = await commits.rewrite(
        keys.map((key, index) => {
          const value = values[index];
          return { partition, key, onlyDamaged: true, ...(value && { value }) };
        }),
      );
      if (left.length === 0) return true;
    }
    return false;
  }

  async #mendLocal(partition: string, keys: readonly string[]): Promise<boolean> {
    const { stream, outboxes, commits, localWrite } = this.#o;
    const log = partition === stream.partition ? stream : outboxes.get(partition);
    const writes = keys.flatMap((key): StoreWrite[] => {
      const value = log?.peek(positionValue(key));
      if (value) return [{ kind: 'put', partition, key, value }];
      const known = localWrite(partition, key);
      return known ? [known] : [];
    });
    if (writes.length > 0) await commits.append([], writes);
    // What is not known here is dealt with where it is read: nothing more can be done for it.
    return true;
  }

  /** At the master: puts entries of the own domain into the stream again, damaged ones mended. */
  async #rewriteFor(from: number, question: unknown): Promise<Packable> {
    const { dc, limits, commits, log } = this.#o;
    const entries = Array.isArray(question) ? (question as unknown[]) : [];
    if (entries.length === 0 || entries.length > limits.repairKeysMax) throw invalid();
    const keys = entries.map((entry) => {
      const [partition, key] = Array.isArray(entry) ? (entry as unknown[]) : [];
      if (!isName(partition) || !isName(key) || domainOf(partition) !== dc) throw invalid();
      return { partition, key };
    });
    log.write('warn', 'rewrite_for', { dc: from, entries: keys.length });
    for (const { partition, key } of await commits.rewrite(keys)) {
      if (!(await this.mend(partition, [key]))) throw new RpcError(503, 'DAMAGED_HERE');
    }
    return commits.nextStreamNumber - 1;
  }
}

/**
 * The values of a copy, with what the own stream has written since; undefined where the stream
 * cannot be read.
 */
export async function writtenSince(
  stream: NumberedLog,
  { position, values }: EntryAnswer,
  partition: string,
  keys: readonly string[],
  upTo: number,
): Promise<(Uint8Array | undefined)[] | undefined> {
  const newest = [...values];
  const end = Math.min(upTo, stream.last);
  for (let number = position + 1; number <= end; ) {
    const inMemory = stream.peek(number);
    const entries = inMemory ? [{ number, value: inMemory }] : await stream.read(number);
    if (entries.length === 0) return undefined;
    for (const entry of entries) {
      if (entry.number !== number || !entry.value) return undefined;
      for (const [where, key, value] of unpackStreamRecord(entry.value)) {
        const index = where === partition ? keys.indexOf(key) : -1;
        if (index >= 0) newest[index] = value;
      }
      number++;
    }
  }
  return newest;
}

const invalid = (): RpcError => new RpcError(400, 'REPAIR_INVALID');

/** What may be said of a partition in a log line: no user. */
function kindOf(partition: string): string {
  return partition.split('/').slice(0, 2).join('/');
}
