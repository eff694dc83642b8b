/**
 * Keeps the writes of a user who is away from home in order while some of them change from being
 * forwarded to being queued: one that goes to the outbox waits until whatever of the same user
 * began before it has been answered, or stands in the outbox itself.
 */

/** One write, from when it came until it has been answered or stands in the outbox. */
export interface Turn {
  /** An earlier write of the user is on its way to the outbox: this one must go behind it. */
  readonly mustQueue: boolean;
  /** Resolves when all earlier writes of the user are through. From now on later ones wait, too. */
  queues(): Promise<void>;
  end(): void;
}

interface Writing {
  readonly ended: Promise<void>;
  queues: boolean;
}

export class WriteOrder {
  readonly #ofUser = new Map<number, Set<Writing>>();

  begin(userId: number): Turn {
    const ofUser = this.#ofUser.get(userId) ?? new Set();
    this.#ofUser.set(userId, ofUser);
    const earlier = [...ofUser];
    const { promise, resolve } = Promise.withResolvers<void>();
    const writing: Writing = { ended: promise, queues: false };
    ofUser.add(writing);
    return {
      mustQueue: earlier.some(({ queues }) => queues),
      queues: async () => {
        writing.queues = true;
        await Promise.all(earlier.map(({ ended }) => ended));
      },
      end: () => {
        resolve();
        ofUser.delete(writing);
        if (ofUser.size === 0) this.#ofUser.delete(userId);
      },
    };
  }
}
