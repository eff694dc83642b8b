/**
 * Keeps the writes of a user who is away from home in order while some of them take another way
 * than those before: queued where they were forwarded, or forwarded to a home that has just moved.
 * Such a one waits until whatever of the same user began before it has been answered, or stands in
 * the outbox; and whatever begins after it waits for it. One that fails for a reason that passes
 * will be written again: what waits behind it fails with it, or it would overtake.
 */
import { mayPass } from '../schema/errors.ts';

/** One write, from when it came until it has been answered or stands in the outbox. */
export interface Turn {
  /** An earlier write of the user waits, or is under way to another home: this one must wait. */
  readonly mustWait: boolean;
  /**
   * Resolves when all earlier writes of the user are through; rejects with what one of them failed
   * with, if that passes. From now on later ones wait, too.
   */
  afterOthers(): Promise<void>;
  /** It is through, or has failed. */
  end(error?: Error): void;
}

interface Writing {
  readonly home: number;
  readonly ended: Promise<Error | undefined>;
  waits: boolean;
}

export class WriteOrder {
  readonly #ofUser = new Map<number, Set<Writing>>();

  /** `home`: the DC that is to carry it out. */
  begin(userId: number, home: number): Turn {
    const ofUser = this.#ofUser.get(userId) ?? new Set();
    this.#ofUser.set(userId, ofUser);
    const earlier = [...ofUser];
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    const writing: Writing = { home, ended: promise, waits: false };
    ofUser.add(writing);
    return {
      mustWait: earlier.some((other) => other.waits || other.home !== home),
      afterOthers: async () => {
        writing.waits = true;
        const errors = await Promise.all(earlier.map(({ ended }) => ended));
        const failed = errors.find((error) => error && mayPass(error));
        if (failed) throw failed;
      },
      end: (error) => {
        resolve(error);
        ofUser.delete(writing);
        if (ofUser.size === 0) this.#ofUser.delete(userId);
      },
    };
  }
}
