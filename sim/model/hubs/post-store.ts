/** Posts on their way, as columns of numbers; a place is used again when one is through. */

export class PostStore {
  dueUs = new Float64Array(1024);
  workUs = new Float64Array(1024);
  commitUs = new Float64Array(1024);
  /** Until the last device so far had it, from when it was due. */
  lastUs = new Float64Array(1024);
  source = new Uint32Array(1024);
  /** DCs that it has yet to be pushed in. */
  open = new Uint8Array(1024);
  private unused = new Uint32Array(1024);
  private unusedCount = 0;
  private used = 0;

  take(dueUs: number, source: number, workUs: number, commitUs: number): number {
    const post = this.unusedCount > 0 ? this.unused[--this.unusedCount]! : this.used++;
    if (post === this.dueUs.length) this.grow();
    this.dueUs[post] = dueUs;
    this.workUs[post] = workUs;
    this.commitUs[post] = commitUs;
    this.lastUs[post] = 0;
    this.source[post] = source;
    this.open[post] = 0;
    return post;
  }

  free(post: number): void {
    this.unused[this.unusedCount++] = post;
  }

  private grow(): void {
    const length = this.dueUs.length * 2;
    this.dueUs = longer(this.dueUs, new Float64Array(length));
    this.workUs = longer(this.workUs, new Float64Array(length));
    this.commitUs = longer(this.commitUs, new Float64Array(length));
    this.lastUs = longer(this.lastUs, new Float64Array(length));
    this.source = longer(this.source, new Uint32Array(length));
    this.open = longer(this.open, new Uint8Array(length));
    this.unused = longer(this.unused, new Uint32Array(length));
  }
}

function longer<Numbers extends Float64Array | Uint32Array | Uint8Array>(
  from: Numbers,
  into: Numbers,
): Numbers {
  into.set(from);
  return into;
}
