/**
 * The people of one home datacentre while something is wrong: to which DC they are connected, what
 * their devices hold while they have no connection, and what waits there after a refusal.
 *
 * Who loses a connection is silent for a while, then people come back evenly over a spread of time.
 * A refused request comes back after a back-off with mean b, taken as exponential: a pool of R
 * devices offers R / b requests a second. Each refusal doubles b, and after the last attempt of
 * `admission.attemptsMax` the sender gives up.
 */
import { exactExp } from '../../core/exact-math.ts';
import { type Batch, emptyBatch, merge, split } from './batches.ts';
import type { FlowPlan } from './plan.ts';

/** A pool that is smaller comes back as a whole, so that it ends. */
const REMAINDER = 0.5;
const NOWHERE = -1;

export interface Offer {
  /** By number of earlier refusals. */
  readonly requests: readonly { readonly batch: Batch; readonly refusals: number }[];
  /** Messages sent for the first time, and again. */
  readonly sent: number;
  readonly repeated: number;
}

export class People {
  readonly home: number;
  /** The DC they are connected to, or are connecting to; NOWHERE while that is open. */
  target: number;
  readonly held: Batch;
  /** Of those held, how many were never sent. */
  heldUnsent = 0;
  /** By number of refusals so far, less one. */
  readonly backingOff: readonly Batch[];
  private readonly plan: FlowPlan;
  private silentUntil = -Infinity;
  private spreadUntil = -Infinity;

  constructor(plan: FlowPlan, home: number) {
    this.plan = plan;
    this.home = home;
    this.target = home;
    this.held = emptyBatch(plan.classes.length);
    const { attemptsMax } = plan.service.admission;
    this.backingOff = Array.from({ length: Math.max(0, attemptsMax - 1) }, () =>
      emptyBatch(plan.classes.length),
    );
  }

  /** Messages on devices. */
  get waiting(): number {
    return this.backingOff.reduce((sum, { n }) => sum + n, this.held.n);
  }

  isSettledAt(now: number): boolean {
    return this.target === this.home && now >= this.spreadUntil && this.waiting === 0;
  }

  /** Everybody is connected. */
  isConnectedAt(now: number): boolean {
    return this.target !== NOWHERE && now >= this.spreadUntil;
  }

  /** When the way they connect changes next; Infinity if it does not. */
  nextChangeAfter(now: number): number {
    if (now < this.silentUntil) return this.silentUntil;
    return now < this.spreadUntil ? this.spreadUntil : Infinity;
  }

  /** Their DC is gone: nobody has a connection, and the nearest live DC is found later. */
  lose(now: number): void {
    const { detectMs, reconnectSpreadMs } = this.plan.service;
    this.move(now, NOWHERE, detectMs / 1000, reconnectSpreadMs / 1000);
  }

  /** Home is back and may be written to. */
  comeBack(now: number): void {
    const half = this.plan.service.moveBackMs / 2000;
    this.move(now, this.home, half, half);
  }

  private move(now: number, target: number, silent: number, spread: number): void {
    this.target = target;
    this.silentUntil = now + silent;
    this.spreadUntil = this.silentUntil + spread;
  }

  /**
   * Who has noticed the loss looks for the nearest DC that lives; home only if no other DC holds
   * writes for it, which go first.
   */
  lookAround(now: number, lost: Uint8Array, handedOver: boolean): void {
    if (this.target !== NOWHERE || now < this.silentUntil) return;
    const alive = this.plan.nearest[this.home]!.filter((dc) => lost[dc] === 0);
    const nearest = alive.find((dc) => dc !== this.home || handedOver) ?? alive[0];
    if (nearest === undefined) return;
    this.target = nearest;
    this.silentUntil = now;
    this.spreadUntil = now + this.plan.service.reconnectSpreadMs / 1000;
  }

  /** Share of them that is connected. */
  connectedAt(now: number): number {
    if (this.target === NOWHERE || now < this.silentUntil) return 0;
    if (now >= this.spreadUntil) return 1;
    return (now - this.silentUntil) / (this.spreadUntil - this.silentUntil);
  }

  /** What reaches their DC in a step; rates a second, [class × dcCount + home]. */
  offer(now: number, seconds: number, rates: Float64Array): Offer {
    const before = this.connectedAt(now);
    const after = this.connectedAt(now + seconds);
    const connected = (before + after) / 2;
    const due = this.due(now, seconds, rates);
    const fresh = split(due, connected);
    let returning = 0;
    if (before < 1) returning = (after - before) / (1 - before);
    else if (this.held.n > 0) returning = 1;
    const held = split(this.held, returning);
    const unsent = this.heldUnsent * returning;
    this.heldUnsent += this.messagesOf(due) - unsent;
    merge(this.held, due);
    const requests = [
      { batch: held, refusals: 0 },
      { batch: fresh, refusals: 0 },
    ];
    let repeated = Math.max(0, this.messagesOf(held) - unsent);
    this.backingOff.forEach((pool, stage) => {
      const backoff = (this.plan.service.admission.retryMs / 1000) * 2 ** stage;
      const ends = pool.n < REMAINDER && connected === 1;
      const share = ends ? 1 : connected * (1 - exactExp(-seconds / backoff));
      const again = split(pool, share);
      repeated += again.n;
      requests.push({ batch: again, refusals: stage + 1 });
    });
    return {
      requests: requests.filter(({ batch }) => batch.n > 0),
      sent: this.messagesOf(fresh) + unsent,
      repeated,
    };
  }

  private due(now: number, seconds: number, rates: Float64Array): Batch {
    const { classes, dcCount } = this.plan;
    const batch = emptyBatch(classes.length);
    classes.forEach(({ front }, index) => {
      const n = rates[index * dcCount + this.home]! * seconds;
      batch.classes[index] = n;
      batch.n += n;
      batch.work += n * front;
    });
    batch.due = now + seconds / 2;
    return batch;
  }

  /** Refused after so many earlier refusals: back into a pool, or (true) given up. */
  refuse(requests: Batch, refusals: number): boolean {
    const pool = this.backingOff[refusals];
    if (pool !== undefined) merge(pool, requests);
    return pool === undefined;
  }

  /** Sent, but lost with the DC before it was answered: will be sent again. */
  hold(requests: Batch): void {
    merge(this.held, requests);
  }

  /** Without requests beside messages. */
  messagesOf({ classes }: Batch): number {
    let n = 0;
    for (let i = 0; i < classes.length; i++) {
      if (this.plan.classes[i]!.kind !== undefined) n += classes[i]!;
    }
    return n;
  }
}
