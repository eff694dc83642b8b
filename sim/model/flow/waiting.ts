/** Everything that waits while a flow is disturbed: queues in front of stations and links. */
import { FluidQueue } from './batches.ts';

export class Waiting {
  /** [dc][home], then [dc][dcCount + home] for queued writes of a home: in front of the servers. */
  readonly fronts: readonly (readonly FluidQueue[])[];
  readonly routers: readonly (readonly FluidQueue[])[];
  /** [holder × dcCount + home]: writes that wait for a home that is out. */
  readonly outboxes: readonly FluidQueue[];
  /** [from × dcCount + to] */
  readonly links: readonly FluidQueue[];
  /** [dc][from]: for the delivery workers. */
  readonly pushes: readonly (readonly FluidQueue[])[];
  /** By DC, bytes in front of the media servers. */
  readonly mediaBytes: Float64Array;
  private readonly dcCount: number;

  constructor(dcCount: number) {
    const queues = (n: number): FluidQueue[] => Array.from({ length: n }, () => new FluidQueue());
    const byDc = (n: number): FluidQueue[][] => Array.from({ length: dcCount }, () => queues(n));
    this.dcCount = dcCount;
    this.fronts = byDc(2 * dcCount);
    this.routers = byDc(2 * dcCount);
    this.pushes = byDc(dcCount);
    this.outboxes = queues(dcCount * dcCount);
    this.links = queues(dcCount * dcCount);
    this.mediaBytes = new Float64Array(dcCount);
  }

  outboxOf(holder: number, home: number): FluidQueue {
    return this.outboxes[holder * this.dcCount + home]!;
  }

  /** What waits elsewhere until it can reach a DC. */
  into(dc: number): number {
    let n = 0;
    for (let from = 0; from < this.dcCount; from++) {
      n += this.links[from * this.dcCount + dc]!.n + this.outboxOf(from, dc).n;
    }
    return n;
  }

  /** Copies that have not left a DC. */
  outOf(dc: number): number {
    return depthOf(this.links.slice(dc * this.dcCount, (dc + 1) * this.dcCount));
  }

  /** Messages that no home has taken yet, without those on devices. */
  get messages(): number {
    return depthOf(this.outboxes) + depthOf(this.fronts.flat()) + depthOf(this.routers.flat());
  }

  /** Copies on their way. */
  get copies(): number {
    return depthOf(this.links) + depthOf(this.pushes.flat());
  }
}

export function depthOf(queues: readonly FluidQueue[]): number {
  let n = 0;
  for (const queue of queues) n += queue.n;
  return n;
}
