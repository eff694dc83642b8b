/**
 * One lane a user (or a phone that signs up): tasks of one user run one after another, in the order
 * in which they came;
 * different users do not wait for each other. A task ends when its write is in the commit log,
 * not when it is durable, so lanes never wait for the disk.
 */
export class Lanes {
  readonly #tails = new Map<number | string, Promise<unknown>>();

  /** Runs `task` after all earlier tasks of the same lane have settled. */
  run<T>(lane: number | string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(lane);
    const result = before ? before.then(task, task) : task();
    const tail: Promise<void> = result.then(
      () => this.#leave(lane, tail),
      () => this.#leave(lane, tail),
    );
    this.#tails.set(lane, tail);
    return result;
  }

  get busy(): number {
    return this.#tails.size;
  }

  #leave(lane: number | string, tail: Promise<void>): void {
    if (this.#tails.get(lane) === tail) this.#tails.delete(lane);
  }
}
