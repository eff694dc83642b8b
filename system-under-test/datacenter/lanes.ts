/**
 * One lane a user (or a phone that signs up): tasks of one user run one after another, in the order
 * in which they came; different users do not wait for each other. A task ends when its write is in
 * the commit log, not when it is durable, so lanes never wait for the disk.
 */
import { mayPass } from '../schema/errors.ts';

export class Lanes {
  /** The newest task of each lane, and what it failed with, if it did. */
  readonly #tails = new Map<number | string, Promise<Error | undefined>>();

  /** Runs `task` after all earlier tasks of the same lane have settled. */
  run<T>(lane: number | string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(lane);
    return this.#enter(lane, before ? before.then(task) : task());
  }

  /**
   * The same for a user's writes, whose order is a promise: when one fails for a reason that
   * passes, its sender will write it again, and what waits here behind it fails with it: it would
   * overtake.
   */
  runWrite<T>(lane: number | string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(lane);
    const result = before?.then((error) => {
      if (error && mayPass(error)) throw error;
      return task();
    });
    return this.#enter(lane, result ?? task());
  }

  get busy(): number {
    return this.#tails.size;
  }

  #enter<T>(lane: number | string, result: Promise<T>): Promise<T> {
    const tail: Promise<Error | undefined> = result.then(
      () => this.#leave(lane, tail),
      (error: Error) => this.#leave(lane, tail, error),
    );
    this.#tails.set(lane, tail);
    return result;
  }

  #leave(
    lane: number | string,
    tail: Promise<Error | undefined>,
    error?: Error,
  ): Error | undefined {
    if (this.#tails.get(lane) === tail) this.#tails.delete(lane);
    return error;
  }
}
