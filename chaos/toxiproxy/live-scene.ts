/** What an action of a fault in the live world gets to work with. */
import type { Machines, MachineTrouble } from '../machines.ts';
import type { Stream } from './driver.ts';
import type { ToxiproxyExtensions } from './extensions.ts';

export interface PlanClock {
  /** Milliseconds since any fixed origin; never goes backwards. */
  monotonicMs(): number;
  /** Runs once, `delayMs` from now, never synchronously. */
  after(delayMs: number, run: () => void): { cancel(): void };
}

/** One fault's view of the world, from when it is due until it has healed. */
export interface LiveScene {
  readonly dcs: readonly number[];
  readonly machines: Machines;
  /**
   * Work that goes on while the fault is in force, looking at `rest` whether it still is. What goes
   * wrong in it is a problem of the fault; healing waits for its end.
   */
  meanwhile(work: () => Promise<void>): void;
  /** Nobody gets through these proxies until every fault that cut them has healed. */
  cut(proxies: readonly string[]): Promise<void>;
  /** Takes this fault's cut away from these proxies. */
  mend(proxies: readonly string[]): Promise<void>;
  /**
   * A toxic of this fault on each of these streams, read back; removed when the fault heals, after
   * a look at what it really did, where the server tells that.
   */
  poison(streams: readonly StreamOf[], toxic: ToxicOf): Promise<void>;
  /** The processes of the DC are down until every fault that wants them down has healed. */
  takeDown(dc: number): Promise<void>;
  /** The DC's processes stand still until every fault that paused them has healed. */
  pause(dc: number): Promise<void>;
  /** Adds to what troubles the DC's machine until the fault heals. */
  trouble(dc: number, trouble: MachineTrouble): Promise<void>;
  /** What only the embedded server can do; rejects where the proxies are the real one's. */
  extensions(): Promise<ToxiproxyExtensions>;
  /** Resolves after that time, or as soon as the fault is to heal: then with false. */
  rest(ms: number): Promise<boolean>;
  /** It made a difference, `count` times. */
  effect(count: number): void;
}

export interface StreamOf {
  readonly proxy: string;
  readonly stream: Stream;
}

export interface ToxicOf {
  readonly type: string;
  readonly attributes: Readonly<Record<string, number>>;
}
