/**
 * The stations of the reference simulator as what they are: jobs in arrays, servers that take the
 * next one when they are done, a log whose sync ends at some instant.
 */
import type { Ticket } from '../../../../sim/core/event-queue.ts';
import type { Clock } from './clock.ts';

interface Job {
  readonly workUs: number;
  readonly done: () => void;
}

/** Some servers with one queue, first come, first served. */
export class Servers {
  private readonly clock: Clock;
  private readonly servers: number;
  private queue: Job[] = [];
  /** Work of all in the queue. */
  private queuedUs = 0;
  private busy: { readonly ends: number; readonly ticket: Ticket }[] = [];

  constructor(clock: Clock, servers: number) {
    this.clock = clock;
    this.servers = servers;
  }

  submit(workUs: number, done: () => void): void {
    this.queue.push({ workUs, done });
    this.queuedUs += workUs;
    this.startNext();
  }

  /** How long one that came now would wait: jobs are known, so it can be played through. */
  get waitUs(): number {
    const { now } = this.clock;
    if (this.servers === 1) return (this.busy[0]?.ends ?? now) - now + this.queuedUs;
    const free = this.busy.map(({ ends }) => ends);
    while (free.length < this.servers) free.push(now);
    for (const { workUs } of this.queue) {
      const first = free.indexOf(Math.min(...free));
      free[first] = free[first]! + workUs;
    }
    return Math.min(...free) - now;
  }

  /** A crash: whatever was in it is gone. */
  clear(): void {
    for (const { ticket } of this.busy) this.clock.cancel(ticket);
    this.busy = [];
    this.queue = [];
    this.queuedUs = 0;
  }

  private startNext(): void {
    if (this.busy.length >= this.servers) return;
    const job = this.queue.shift();
    if (job === undefined) return;
    this.queuedUs -= job.workUs;
    const ends = this.clock.now + job.workUs;
    const ticket = this.clock.at(ends, () => {
      this.busy = this.busy.filter((other) => other !== entry);
      job.done();
      this.startNext();
    });
    const entry = { ends, ticket };
    this.busy.push(entry);
  }
}

/** A log: one sync at a time, which covers what had gathered when it began. */
export class Log {
  private readonly clock: Clock;
  private readonly drawSyncUs: () => number;
  private running: Ticket | undefined;
  private gathering: (() => void)[] = [];

  constructor(clock: Clock, drawSyncUs: () => number) {
    this.clock = clock;
    this.drawSyncUs = drawSyncUs;
  }

  append(durable: () => void): void {
    this.gathering.push(durable);
    if (this.running === undefined) this.sync();
  }

  clear(): void {
    if (this.running !== undefined) this.clock.cancel(this.running);
    this.running = undefined;
    this.gathering = [];
  }

  private sync(): void {
    const batch = this.gathering;
    this.gathering = [];
    this.running = this.clock.after(this.drawSyncUs(), () => {
      this.running = undefined;
      // The next sync begins at once; what this one's writes lead to comes behind it.
      if (this.gathering.length > 0) this.sync();
      for (const durable of batch) durable();
    });
  }
}
