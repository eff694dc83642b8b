/**
 * Admission control of a DC: when its store falls behind, the least important requests are refused
 * first, early and cheaply, so that what people wait for still gets through. A refusal says when to
 * come back, spread over some seconds, so that the refused do not come back all at once.
 */
import type { Clock, Randomness } from '../environment/index.ts';
import { floodWait } from '../schema/errors.ts';
import { LIMITS } from './limits.ts';

/**
 * Share of full pressure (0 to 1) from which a request is refused; the lower, the less it matters.
 * Messages are refused last: then only the hard limits of the queues stand (services/effects.ts).
 */
const REFUSED_FROM = { browsing: 0.5, reading: 0.7, receipts: 0.8, writing: 1 } as const;
export type Importance = keyof typeof REFUSED_FROM;

const IMPORTANCE: Readonly<Record<string, Importance>> = {
  'users.getUsers': 'browsing',
  'contacts.resolvePhone': 'browsing',
  'contacts.importContacts': 'browsing',
  'channels.getParticipants': 'browsing',
  'channels.getParticipant': 'browsing',
  'channels.getFullChannel': 'browsing',
  'channels.getChannels': 'browsing',
  'messages.getDialogs': 'browsing',
  'messages.getHistory': 'reading',
  'channels.getMessages': 'reading',
  'updates.getState': 'reading',
  'updates.getDifference': 'reading',
  'updates.getChannelDifference': 'reading',
  'messages.readHistory': 'receipts',
  'channels.readHistory': 'receipts',
};

export function importanceOf(method: string): Importance {
  return IMPORTANCE[method] ?? 'writing';
}

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Appends that wait for the store. */
  readonly pending: () => number;
}

export class Admission {
  readonly #o: AdmissionOptions;
  /** Start times of the writes under way, oldest first; monotonic ms. */
  readonly #writes = new Map<number, number>();
  #next = 0;
  readonly totals = { requestsShed: 0 };

  constructor(options: AdmissionOptions) {
    this.#o = options;
  }

  /** 0 for none, 1 for all that the DC should bear. */
  get pressure(): number {
    const queued = this.#o.pending() / LIMITS.appendsPendingMax;
    const oldest = this.#writes.values().next();
    if (oldest.done) return queued;
    const waitedMs = this.#o.clock.monotonicMs() - oldest.value;
    return Math.max(queued, waitedMs / LIMITS.writeWaitMs);
  }

  /** Throws FLOOD_WAIT_n for what must stand back now. */
  admit(method: string): void {
    const refusedFrom = REFUSED_FROM[importanceOf(method)];
    if (refusedFrom === 1 || this.pressure < refusedFrom) return;
    this.totals.requestsShed++;
    throw floodWait(1 + ((this.#o.randomness.bytes(1)[0] ?? 0) % LIMITS.shedWaitSecondsMax));
  }

  /** A write has begun; to be called with the number returned once it is durable or has failed. */
  begin(): number {
    this.#writes.set(this.#next, this.#o.clock.monotonicMs());
    return this.#next++;
  }

  end(write: number): void {
    this.#writes.delete(write);
  }
}
