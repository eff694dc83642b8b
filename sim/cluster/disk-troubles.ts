/** What makes a virtual disk slow or full. A disk that is well pays one comparison for it. */

export interface DiskTrouble {
  /** Syncs and reads take so many times as long. */
  readonly slowFactor?: number;
  /** Writes are rejected with `DiskFullError`, and leave nothing behind. */
  readonly full?: boolean;
  /** Called for each sync or read that took longer, each write that was rejected. */
  readonly onEffect?: () => void;
}

export class DiskTroubles {
  /** Undefined while the disk is well. */
  #all: readonly DiskTrouble[] | undefined;

  /** Lasts until the function returned is called. Factors multiply. */
  add(trouble: DiskTrouble): () => void {
    // A copy, so that the same trouble added twice lasts until both have been lifted.
    const added = { ...trouble };
    this.#all = [...(this.#all ?? []), added];
    return () => {
      const left = (this.#all ?? []).filter((each) => each !== added);
      this.#all = left.length > 0 ? left : undefined;
    };
  }

  /** How long something takes now that usually takes `usualMs`. */
  delayed(usualMs: number): number {
    if (this.#all === undefined) return usualMs;
    let ms = usualMs;
    for (const { slowFactor, onEffect } of this.#all) {
      if (slowFactor === undefined) continue;
      ms *= slowFactor;
      onEffect?.();
    }
    return ms;
  }

  /** True when the write that is about to end finds no space. */
  refuseWrite(): boolean {
    if (this.#all === undefined) return false;
    const full = this.#all.filter((trouble) => trouble.full);
    for (const { onEffect } of full) onEffect?.();
    return full.length > 0;
  }
}
