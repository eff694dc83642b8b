/**
 * Looks on while a calibration runs: which message passed which station when, where the devices of
 * the DC that is lost are connected, when that DC served again. All on the machine's monotonic
 * clock, which every process of a machine shares.
 */
import type { Crowd } from '../../sim/users/crowd.ts';
import type { LedgerEntry } from '../../sim/users/ledger.ts';
import type { StationName } from '../../system-under-test/environment/index.ts';
import { machineMs, type StationMark } from '../../system-under-test/live/station-trace.ts';
import type { LiveWatch } from '../worlds/live.ts';

/** When a message first passed a station, and at which DC. */
export interface Passage {
  readonly atMs: number;
  readonly dc: number;
}

/** One device's connection, from this time on; undefined for none. */
export interface Place {
  readonly atMs: number;
  readonly dc: number | undefined;
}

/** What was seen, times in machine ms. */
export interface Evidence {
  readonly entries: readonly LedgerEntry[];
  readonly homeOf: (user: number) => number;
  /** By message: the first passage of each station. */
  readonly passages: ReadonlyMap<number, ReadonlyMap<StationName, Passage>>;
  /** Of the people of the DC that is lost. */
  readonly places: readonly (readonly Place[])[];
  /** Added to times of the crowd's clock (those of `entries`). */
  readonly offsetMs: number;
  readonly windowStartMs: number;
  /** When the lost DC served again: once for each loss. */
  readonly returnedMs: readonly number[];
}

/** Devices are looked at so often. */
const LOOK_EVERY_MS = 4;

export class Witness implements LiveWatch {
  readonly #lostDc: number;
  readonly #passages = new Map<number, Map<StationName, Passage>>();
  readonly #places: Place[][] = [];
  readonly #offsetMs: number;
  #crowd: Crowd | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #returnedMs: number[] = [];

  constructor(lostDc: number) {
    this.#lostDc = lostDc;
    this.#offsetMs = machineMs() - performance.now();
  }

  readonly onTrace = (dc: number, marks: readonly StationMark[]): void => {
    for (const [station, name, atMs] of marks) {
      const id = Number(name.slice(1));
      if (!Number.isInteger(id)) continue;
      const passages = this.#passages.get(id) ?? new Map<StationName, Passage>();
      this.#passages.set(id, passages);
      if (!passages.has(station)) passages.set(station, { atMs, dc });
    }
  };

  readonly onLoad = (crowd: Crowd): void => {
    this.#crowd = crowd;
    const watched = crowd.users.filter(({ index }) => crowd.person(index).homeDc === this.#lostDc);
    for (const _ of watched) this.#places.push([]);
    this.#timer = setInterval(() => {
      const atMs = performance.now() + this.#offsetMs;
      watched.forEach(({ connectedTo }, i) => {
        const places = this.#places[i]!;
        if (places.length === 0 || places.at(-1)!.dc !== connectedTo) {
          places.push({ atMs, dc: connectedTo });
        }
      });
    }, LOOK_EVERY_MS);
  };

  readonly onReturned = (_dc: number, atMs: number): void => {
    this.#returnedMs.push(atMs + this.#offsetMs);
  };

  /** Looks no longer. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Undefined when the load never began. */
  get evidence(): Evidence | undefined {
    const crowd = this.#crowd;
    if (!crowd) return undefined;
    return {
      entries: crowd.ledger.entries,
      homeOf: (user) => crowd.person(user).homeDc,
      passages: this.#passages,
      places: this.#places,
      offsetMs: this.#offsetMs,
      windowStartMs: crowd.windowStartMs + this.#offsetMs,
      returnedMs: this.#returnedMs,
    };
  }
}
