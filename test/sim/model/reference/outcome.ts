/** What one column of the reference simulator saw: single samples, nothing in buckets. */
import type { PlanetCase } from './planet-case.ts';
import { DCS } from './planet-case.ts';

export const PATH_NAMES = ['same_dc', 'cross_dc', 'outage'] as const;
export const SERIES_NAMES = [...PATH_NAMES, 'ack stored', 'ack queued'] as const;

interface Delivery {
  readonly due: number;
  readonly at: number;
  readonly sender: number;
  readonly dc: number;
  readonly waited: boolean;
}

export class Outcome {
  /** Microseconds, by SERIES_NAMES and DC: [series × DCS + dc]. */
  readonly latencies: number[][] = SERIES_NAMES.flatMap(() =>
    Array.from({ length: DCS }, () => []),
  );
  offered = 0;
  refused = 0;
  givenUp = 0;
  /** Last departure of what had waited for a DC; -1 where nothing had. */
  readonly drainedAt: number[] = new Array<number>(DCS).fill(-1);
  /** Messages waiting for a DC at the end of each second: [dc][second]. */
  readonly backlog: number[][];
  /** From the first loss of a DC until all its people are back and nothing waits for it. */
  readonly incidents: { readonly dc: number; readonly from: number; until: number }[] = [];
  private readonly deliveries: Delivery[] = [];
  private readonly windowUs: number;

  constructor(planet: PlanetCase) {
    this.windowUs = planet.seconds * 1e6;
    this.backlog = Array.from({ length: DCS }, () => new Array<number>(planet.seconds * 2).fill(0));
  }

  isMeasured(due: number): boolean {
    return due >= 0 && due < this.windowUs;
  }

  delivered(delivery: Delivery): void {
    if (this.isMeasured(delivery.due)) this.deliveries.push(delivery);
  }

  acknowledged(ack: 'stored' | 'queued', home: number, due: number, at: number): void {
    const series = SERIES_NAMES.indexOf(`ack ${ack}`);
    if (this.isMeasured(due)) this.latencies[series * DCS + home]!.push(at - due);
  }

  waiting(dc: number, at: number, change: 1 | -1): void {
    const levels = this.backlog[dc]!;
    for (let second = Math.max(0, Math.floor(at / 1e6)); second < levels.length; second++) {
      levels[second]! += change;
    }
    if (change < 0) this.drainedAt[dc] = at;
  }

  /** Sorts deliveries by path, now that it is known how long each incident lasted. */
  finish(): void {
    for (const { due, at, sender, dc, waited } of this.deliveries) {
      const isTouched = this.incidents.some(
        (incident) =>
          (incident.dc === dc || incident.dc === sender) &&
          at >= incident.from &&
          due < incident.until,
      );
      const path = waited || isTouched ? 'outage' : sender === dc ? 'same_dc' : 'cross_dc';
      this.latencies[PATH_NAMES.indexOf(path) * DCS + dc]!.push(at - due);
    }
    this.deliveries.length = 0;
  }
}
