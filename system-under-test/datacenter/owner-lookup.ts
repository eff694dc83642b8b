/**
 * The question whose a session is, and all requests that came before its answer. They are begun in
 * their order and in one go, so that no request which comes just after the answer overtakes those
 * that still wait for their turn as microtasks.
 */
export class OwnerLookup {
  #waiting: { begin(userId: number | undefined): void; fail(error: Error): void }[] = [];

  /** `begin` is called with the answer, once it is there; rejects when there is none. */
  onceKnown<T>(begin: (userId: number | undefined) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ begin: (userId) => resolve(begin(userId)), fail: reject });
    });
  }

  answered(userId: number | undefined): void {
    for (const { begin } of this.#waiting.splice(0)) begin(userId);
  }

  failed(error: Error): void {
    for (const { fail } of this.#waiting.splice(0)) fail(error);
  }
}
