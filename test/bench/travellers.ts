/**
 * People who are away from home: their devices are at another datacentre, which hands their writes
 * on, or queues them while home is out of reach. Used to see how soon it does so, and how fast the
 * queue drains.
 */
import type { tl } from '../../system-under-test/schema/tl.ts';
import { textOf } from './live-load.ts';
import type { Person } from './live-people.ts';

/** One write: when it was sent, and what was answered when. */
interface Write {
  readonly sentMs: number;
  answeredMs: number;
  queued: boolean;
}

const isQueued = (answer: unknown): boolean => {
  const updates = answer as tl.TypeUpdates;
  return (
    updates._ === 'updates' &&
    updates.updates.some((update) => update._ === 'updateNewScheduledMessage')
  );
};

/** Travellers in turns write to each other, one write every `everyMs`, until `stop`. */
export class SteadyWriters {
  readonly #travellers: readonly Person[];
  readonly #writes: Write[] = [];
  readonly #answers: Promise<void>[] = [];
  readonly #timer: NodeJS.Timeout;
  #failed: Error | undefined;

  constructor(travellers: readonly Person[], everyMs: number) {
    this.#travellers = travellers;
    this.#timer = setInterval(() => this.#write(), everyMs);
  }

  /** When the first write was acknowledged as queued; undefined before. */
  get firstQueuedMs(): number | undefined {
    const times = this.#writes.filter(({ queued }) => queued).map((each) => each.answeredMs);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** Rejects when a write was refused. Returns how long the longest one waited, ms. */
  async stop(): Promise<number> {
    clearInterval(this.#timer);
    await Promise.all(this.#answers);
    if (this.#failed) throw this.#failed;
    return Math.max(...this.#writes.map(({ sentMs, answeredMs }) => answeredMs - sentMs));
  }

  #write(): void {
    const number = this.#writes.length;
    const [from, to] = partners(this.#travellers, number);
    const write: Write = { sentMs: performance.now(), answeredMs: Number.NaN, queued: false };
    this.#writes.push(write);
    const answer = from.send(to, textOf(number)).then(
      (told) => {
        write.answeredMs = performance.now();
        write.queued = isQueued(told);
      },
      (error: Error) => {
        this.#failed = error;
      },
    );
    this.#answers.push(answer);
  }
}

export interface Written {
  readonly perSecond: number;
  readonly queued: number;
}

/** `count` writes, of each traveller always `atOnce` under way, until all are answered. */
export async function writeAll(
  travellers: readonly Person[],
  count: number,
  atOnce: number,
): Promise<Written> {
  const startMs = performance.now();
  let [next, queued] = [0, 0];
  const writer = async (index: number): Promise<void> => {
    while (next < count) {
      const number = next++;
      const [from, to] = partners(travellers, index);
      if (isQueued(await from.send(to, textOf(number)))) queued++;
    }
  };
  const writers = travellers.flatMap((_, index) => Array.from({ length: atOnce }, () => index));
  await Promise.all(writers.map(writer));
  return { perSecond: (count * 1000) / (performance.now() - startMs), queued };
}

/** Every traveller writes to the next one. */
function partners(travellers: readonly Person[], number: number): readonly [Person, Person] {
  const index = number % travellers.length;
  return [travellers[index]!, travellers[(index + 1) % travellers.length]!];
}

export async function meetNext(travellers: readonly Person[]): Promise<void> {
  for (const index of travellers.keys()) {
    const [from, to] = partners(travellers, index);
    await from.meet(to);
  }
}

/** Steps of all their boxes: each message is two of them, whatever became of it on its way. */
export async function stepsOf(travellers: readonly Person[]): Promise<number> {
  const states = await Promise.all(
    travellers.map((person) => person.call<tl.updates.RawState>({ _: 'updates.getState' })),
  );
  return states.reduce((sum, { pts }) => sum + pts, 0);
}
