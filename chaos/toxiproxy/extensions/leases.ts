/**
 * Faults that heal when their controller dies. A batch under a lease is undone in the server when
 * the lease is not renewed in time, or is ended. Several leases may want the same proxy disabled:
 * it is enabled again with the last of them. What cannot be undone yet (a port that somebody took)
 * is tried again every `LIMITS.leaseRetryMs`.
 */
import { Alarm } from '../alarm.ts';
import { ApiError } from '../api-error.ts';
import { LIMITS } from '../limits.ts';
import type { ProxyCollection } from '../proxy-collection.ts';
import type { TcpProxy } from '../tcp-proxy.ts';
import { type BatchResult, type Operation, runBatch, type Undo, undoAll } from './batch.ts';
import { withUndo } from './undo-list.ts';

export interface LeaseWish {
  /** A new lease, or one that is running: then the batch joins it. Undefined: a new name. */
  readonly id: string | undefined;
  /** Milliseconds until it ends unless renewed. Undefined: it ends only when it is ended. */
  readonly ttlMs: number | undefined;
}

interface Lease {
  readonly id: string;
  ttlMs: number | undefined;
  endsAtMs: number;
  readonly alarm: Alarm;
  /** In the order of what was done. */
  undos: readonly Undo[];
  /** It is over, and still has something to undo. */
  ending: boolean;
  problems: readonly string[];
}

export class Leases {
  readonly #proxies: ProxyCollection;
  readonly #log: (line: string) => void;
  readonly #leases = new Map<string, Lease>();
  /** Proxies that leases keep disabled, which were enabled before. */
  readonly #holds = new Map<TcpProxy, Set<Lease>>();
  #named = 0;

  constructor(proxies: ProxyCollection, log: (line: string) => void) {
    this.#proxies = proxies;
    this.#log = log;
  }

  /** Runs a batch; under a lease when one is wished for. */
  run(
    operations: readonly Operation[],
    wish: LeaseWish | undefined,
  ): Promise<{ readonly result: BatchResult; readonly lease: object | null }> {
    return this.#proxies.exclusively(async () => {
      if (wish) this.#checkRoom(wish);
      const result = await runBatch(this.#proxies, operations);
      if (!wish) return { result, lease: null };
      const lease = this.#leaseOf(wish);
      for (const undo of result.undos) lease.undos = withUndo(lease.undos, undo);
      this.#hold(lease, result);
      return { result, lease: leaseJson(lease) };
    });
  }

  /** The wish with a name that is free, where it has none. */
  named(wish: LeaseWish): LeaseWish {
    return { ...wish, id: wish.id ?? this.#freeName() };
  }

  json(): object[] {
    return [...this.#leases.values()].map(leaseJson);
  }

  /** Puts its end off, by its own time to live or a new one. */
  renew(id: string, ttlMs: number | undefined): object {
    const lease = this.#get(id);
    if (lease.ending) throw new ApiError(409, `lease '${id}' is over`);
    this.#extend(lease, ttlMs ?? lease.ttlMs);
    return leaseJson(lease);
  }

  /** Undoes everything now. */
  end(id: string): Promise<object> {
    const lease = this.#get(id);
    return this.#end(lease);
  }

  /** Everything was put back by other means: there is nothing left to undo. */
  forget(): void {
    for (const lease of this.#leases.values()) lease.alarm.cancel();
    this.#leases.clear();
    this.#holds.clear();
  }

  #get(id: string): Lease {
    const lease = this.#leases.get(id);
    if (!lease) throw new ApiError(404, `there is no lease '${id}'; it may have ended`);
    return lease;
  }

  #checkRoom({ id }: LeaseWish): void {
    const known = id === undefined ? undefined : this.#leases.get(id);
    if (known?.ending) throw new ApiError(409, `lease '${id}' is over; take another name`);
    if (known && known.undos.length > LIMITS.undosMax) {
      throw new ApiError(400, `lease '${id}' has more than ${LIMITS.undosMax} things to undo`);
    }
    if (!known && this.#leases.size >= LIMITS.leasesMax) {
      throw new ApiError(400, `too many leases: at most ${LIMITS.leasesMax}`);
    }
  }

  #leaseOf({ id, ttlMs }: LeaseWish): Lease {
    const known = id === undefined ? undefined : this.#leases.get(id);
    if (known) {
      this.#extend(known, ttlMs ?? known.ttlMs);
      return known;
    }
    const lease: Lease = {
      id: id ?? this.#freeName(),
      ...{ ttlMs, endsAtMs: Number.POSITIVE_INFINITY, undos: [], ending: false, problems: [] },
      alarm: new Alarm(() => {
        this.#log(`lease ${lease.id}: ${lease.ending ? 'trying again' : 'not renewed'}, undoing`);
        this.#end(lease).catch((error: unknown) => {
          this.#log(`lease ${lease.id}: ${(error as Error).message}`);
        });
      }),
    };
    this.#leases.set(lease.id, lease);
    this.#extend(lease, ttlMs);
    return lease;
  }

  #freeName(): string {
    do this.#named++;
    while (this.#leases.has(`lease-${this.#named}`));
    return `lease-${this.#named}`;
  }

  #extend(lease: Lease, ttlMs: number | undefined): void {
    lease.ttlMs = ttlMs;
    lease.endsAtMs = ttlMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + ttlMs;
    lease.alarm.set(lease.endsAtMs);
  }

  #hold(lease: Lease, { undos, disabled }: BatchResult): void {
    const enabledBefore = new Set(undos.filter(isEnable).map(({ proxy }) => proxy));
    for (const proxy of disabled) {
      const holders = this.#holds.get(proxy) ?? new Set();
      // Disabled before anybody's lease: nobody's to enable.
      if (holders.size === 0 && !enabledBefore.has(proxy)) continue;
      if (holders.size > 0 && !holders.has(lease)) {
        lease.undos = withUndo(lease.undos, { kind: 'enable', proxy });
      }
      this.#holds.set(proxy, holders.add(lease));
    }
  }

  #end(lease: Lease): Promise<object> {
    lease.ending = true;
    lease.alarm.cancel();
    return this.#proxies.exclusively(async () => {
      if (this.#leases.get(lease.id) !== lease) return { undone: 0, problems: [] };
      for (const [proxy, holders] of this.#holds) {
        holders.delete(lease);
        if (holders.size === 0) this.#holds.delete(proxy);
      }
      const due = lease.undos.filter((undo) => !isEnable(undo) || !this.#holds.has(undo.proxy));
      const { undone, left, why } = await undoAll(this.#proxies, due);
      lease.undos = left;
      lease.problems = why;
      if (left.length === 0) {
        this.#leases.delete(lease.id);
      } else {
        for (const line of why) this.#log(`lease ${lease.id}: ${line}`);
        lease.alarm.set(performance.now() + LIMITS.leaseRetryMs);
      }
      return { undone, problems: why };
    });
  }
}

const isEnable = (undo: Undo): boolean => undo.kind === 'enable';

function leaseJson({ id, ttlMs, endsAtMs, undos, ending, problems }: Lease): object {
  const leftMs = Math.max(0, Math.round(endsAtMs - performance.now()));
  return {
    id,
    ttl_ms: ttlMs ?? null,
    ends_in_ms: ending || ttlMs === undefined ? null : leftMs,
    state: ending ? 'ending' : 'running',
    to_undo: undos.length,
    problems,
  };
}
