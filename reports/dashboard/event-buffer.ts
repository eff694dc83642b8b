/**
 * Everything that a page needs to show a run that it did not see from the start, in bounded space:
 * of what changes (progress, lights) the latest, of what happened (points of the charts) all, or
 * every second, fourth, ... of a long run.
 */
import type { DashboardEvent, NumberedEvent } from './events.ts';

/** Points of one world; about what a wide screen can show. */
export const POINTS_MAX = 2000;

export class EventBuffer {
  readonly #pointsMax: number;
  readonly #latest = new Map<string, NumberedEvent>();
  readonly #points = new Map<string, NumberedEvent[]>();
  #lastId = 0;

  constructor(pointsMax: number = POINTS_MAX) {
    this.#pointsMax = pointsMax;
  }

  add(event: DashboardEvent): NumberedEvent {
    this.#lastId += 1;
    const numbered = { id: this.#lastId, event };
    if (event.type !== 'point') {
      this.#latest.set(event.type === 'end' ? 'end' : `${event.type} ${event.world}`, numbered);
      return numbered;
    }
    const points = [...(this.#points.get(event.world) ?? []), numbered];
    const tooMany = points.length > this.#pointsMax;
    const kept = tooMany ? points.filter((_, index) => index % 2 === 0) : points;
    this.#points.set(event.world, kept);
    return numbered;
  }

  /** What came after event `id`, in order; all of it after 0. */
  since(id: number): NumberedEvent[] {
    return [...this.#latest.values(), ...[...this.#points.values()].flat()]
      .filter((numbered) => numbered.id > id)
      .sort((a, b) => a.id - b.id);
  }
}
