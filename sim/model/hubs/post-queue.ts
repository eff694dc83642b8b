/**
 * Posts on their way, by time of arrival; those of one instant in the order in which they came in.
 * A binary heap on typed arrays. Beside `EventQueue` it takes times with fractions, and before 0,
 * and cannot take anything back.
 */

export class PostQueue {
  private times = new Float64Array(256);
  private serials = new Float64Array(256);
  private posts = new Uint32Array(256);
  private size = 0;
  private nextSerial = 0;

  /** When the first is there; infinite where none is on its way. */
  get firstAt(): number {
    return this.size === 0 ? Infinity : this.times[0]!;
  }

  push(at: number, post: number): void {
    if (this.size === this.times.length) this.grow();
    const { times, serials, posts } = this;
    let place = this.size++;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (times[parent]! <= at) break; // the newest comes after all of its instant
      times[place] = times[parent]!;
      serials[place] = serials[parent]!;
      posts[place] = posts[parent]!;
      place = parent;
    }
    times[place] = at;
    serials[place] = this.nextSerial++;
    posts[place] = post;
  }

  /** The first; there must be one. */
  pop(): number {
    const first = this.posts[0]!;
    const last = --this.size;
    if (last > 0) this.sink(this.times[last]!, this.serials[last]!, this.posts[last]!);
    return first;
  }

  private sink(at: number, serial: number, post: number): void {
    const { times, serials, posts, size } = this;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      if (child + 1 < size && this.isBefore(child + 1, times[child]!, serials[child]!)) child++;
      if (!this.isBefore(child, at, serial)) break;
      times[place] = times[child]!;
      serials[place] = serials[child]!;
      posts[place] = posts[child]!;
      place = child;
    }
    times[place] = at;
    serials[place] = serial;
    posts[place] = post;
  }

  private isBefore(place: number, at: number, serial: number): boolean {
    const other = this.times[place]!;
    return other < at || (other === at && this.serials[place]! < serial);
  }

  private grow(): void {
    const length = this.times.length * 2;
    const times = new Float64Array(length);
    const serials = new Float64Array(length);
    const posts = new Uint32Array(length);
    times.set(this.times);
    serials.set(this.serials);
    posts.set(this.posts);
    this.times = times;
    this.serials = serials;
    this.posts = posts;
  }
}
