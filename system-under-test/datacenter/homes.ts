/**
 * Who is at home where. A user is born at the DC that the phone number names (the id says which)
 * and stays there unless moved; a channel lives where it was created. The few users who have moved
 * are kept in memory, from the markers that both DCs of a move replicate to everyone: the marker of
 * the highest epoch counts.
 *
 * What other DCs' users send to a moved user must not overtake what they sent before. So a DC keeps
 * sending along the old way, behind what is under way there, until the old home says that all of it
 * has arrived (`settled`); only then it sends straight to the new home.
 */
import type { Store } from '../environment/index.ts';
import { accountsPartition, birthDcOf, MOVED_KEYS, movedUserOf } from './keys.ts';
import { unpack } from './records.ts';

/** Moved users read at once when a DC starts. */
const PAGE = 1_000;

interface Moved {
  readonly home: number;
  /** Counts the moves of this user. */
  readonly epoch: number;
  /** Old homes that may still have something for the user under way, oldest first. */
  readonly via: readonly number[];
  /** The new home's own domain says so, as far as it is here: the box is there, too. */
  readonly arrived: boolean;
}

/** A marker of a move, as it stands in the accounts of both DCs of it. */
export type MovedMarker = readonly [to: number, epoch: number, from: number];

export class Homes {
  readonly #dc: number;
  readonly #moved = new Map<number, Moved>();
  readonly #lastVia = new Map<number, number>();
  readonly #moving = new Map<number, { readonly done: Promise<void>; readonly end: () => void }>();
  /** Who waits for users that are on their way here. */
  readonly #awaited = new Map<number, Set<() => void>>();
  /** Called when a user's home has changed. */
  onChange: ((userId: number, from: number, to: number) => void) | undefined;

  constructor(dc: number) {
    this.#dc = dc;
  }

  /** Reads who has moved, from the domains of all DCs as far as they are known here. */
  async open(store: Store, dcs: readonly number[]): Promise<void> {
    for (const dc of dcs) {
      for (let from: string = MOVED_KEYS.from; ; ) {
        const page = await store.range(accountsPartition(dc), {
          from,
          to: MOVED_KEYS.to,
          limit: PAGE,
        });
        for (const { key, value } of page) this.learn(movedUserOf(key), unpack(value), dc);
        if (page.length < PAGE) break;
        from = `${page.at(-1)?.key}\0`;
      }
    }
  }

  /** Home DC of a user or of a channel: ids of both say where they were born. */
  of(id: number): number {
    return this.#moved.size === 0 ? birthDcOf(id) : (this.#moved.get(id)?.home ?? birthDcOf(id));
  }

  /** Where this DC sends what is for a user: home, or the old way as long as it must. */
  wayTo(userId: number): number {
    const moved = this.#moved.size === 0 ? undefined : this.#moved.get(userId);
    return moved?.via[0] ?? this.of(userId);
  }

  /** Whether the copy of the home's domain that is here has the user's box, be it old. */
  hasArrived(userId: number): boolean {
    return this.#moved.get(userId)?.arrived ?? true;
  }

  epochOf(userId: number): number {
    return this.#moved.get(userId)?.epoch ?? 0;
  }

  /**
   * A marker in the domain of DC `by` says where a user has moved. Old ones change nothing; the
   * same one in the domain of the new home says that the copy of it here has the user's box.
   */
  learn(userId: number, [to, epoch, from]: MovedMarker, by: number): void {
    // Here, the user is at home once the box is, which comes another way.
    if (to === this.#dc && by !== to) return;
    const before = this.#moved.get(userId);
    const arrived = by === to;
    if (before && epoch === before.epoch && arrived) {
      this.#moved.set(userId, { ...before, arrived });
    }
    if (epoch <= (before?.epoch ?? 0)) return;
    const old = this.of(userId);
    // The old home itself sends on in the order in which it got things: nothing can overtake there.
    const via = [...(before?.via ?? []), ...(from === this.#dc ? [] : [from])];
    this.#moved.set(userId, { home: to, epoch, via, arrived });
    if (old !== to) this.onChange?.(userId, old, to);
    if (to !== this.#dc) return;
    for (const come of this.#awaited.get(userId) ?? []) come();
    this.#awaited.delete(userId);
  }

  /**
   * Calls `come` once the user is at home here, or never: another DC knows that the user is on the
   * way. The function returned ends the waiting.
   */
  awaitHere(userId: number, come: () => void): () => void {
    const waiting = this.#awaited.get(userId) ?? new Set();
    this.#awaited.set(userId, waiting.add(come));
    return () => {
      waiting.delete(come);
      if (waiting.size === 0) this.#awaited.delete(userId);
    };
  }

  /** Old ways still in use: from which old home, to which next DC, and for whom. */
  openWays(): { readonly userId: number; readonly from: number; readonly to: number }[] {
    const ways: { userId: number; from: number; to: number }[] = [];
    for (const [userId, { via, home }] of this.#moved) {
      const from = via[0];
      if (from !== undefined) ways.push({ userId, from, to: via[1] ?? home });
    }
    return ways;
  }

  /** Something for a user was sent along an old way, under this number of that outbox. */
  sentTo(dc: number, userId: number, number: number): void {
    if (this.#moved.get(userId)?.via[0] === dc) this.#lastVia.set(userId, number);
  }

  /** Number of the last thing that this process sent along the user's old way; 0 for none. */
  lastVia(userId: number): number {
    return this.#lastVia.get(userId) ?? 0;
  }

  /** Everything that went to `from` has arrived behind it. */
  settled(userId: number, from: number): void {
    const moved = this.#moved.get(userId);
    if (moved?.via[0] !== from) return;
    this.#lastVia.delete(userId);
    this.#moved.set(userId, { ...moved, via: moved.via.slice(1) });
  }

  // -- while a user moves away from here --------------------------------------------------------

  /** Whoever wants to change the user's box waits from now on. The function returned ends that. */
  beginMove(userId: number): () => void {
    let end = (): void => {};
    const done = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#moving.set(userId, { done, end });
    return () => {
      this.#moving.delete(userId);
      end();
    };
  }

  /** Undefined, without waiting, when none of them is just moving: then `of` may be believed. */
  still(...userIds: readonly number[]): Promise<void> | undefined {
    if (this.#moving.size === 0) return undefined;
    const moving = userIds.flatMap((userId) => this.#moving.get(userId)?.done ?? []);
    if (moving.length === 0) return undefined;
    return Promise.all(moving).then(() => this.still(...userIds));
  }
}
