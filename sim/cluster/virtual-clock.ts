/**
 * The clock of one node in the virtual world. Its wall clock may be wrong (skew), its timers die
 * with the node: a stopped clock runs nothing any more, whatever code of the dead node still asks.
 * While the node's process is paused, its timers fall due and wait.
 */
import type { Clock, Timer } from '../../system-under-test/environment/index.ts';
import type { PauseGate } from './pause-gate.ts';
import type { VirtualLoop } from './virtual-loop.ts';

export interface VirtualClock extends Clock {
  /** Pending timers. */
  readonly pending: number;
  /** How far the wall clock is ahead of the true virtual time; may be changed at any moment. */
  skewMs: number;
  /** How often the wall clock was read. */
  readonly wallReads: number;
  /** Cancels every pending timer and refuses new ones: the node has crashed. */
  stop(): void;
}

const INERT: Timer = { cancel: () => {} };

export function createVirtualClock(
  loop: VirtualLoop,
  node: string,
  startWallMs: number,
  initialSkewMs = 0,
  gate?: PauseGate,
): VirtualClock {
  const timers = new Set<Timer>();
  let stopped = false;
  let skewMs = initialSkewMs;
  let wallReads = 0;
  return {
    get pending() {
      return timers.size;
    },
    get skewMs() {
      return skewMs;
    },
    set skewMs(value: number) {
      if (!Number.isFinite(value)) throw new RangeError(`skewMs: ${value} is not a number`);
      skewMs = value;
    },
    get wallReads() {
      return wallReads;
    },
    wallMs() {
      wallReads++;
      return startWallMs + loop.nowMs() + skewMs;
    },
    monotonicMs: () => loop.nowMs(),
    after(delayMs, run) {
      // Not NaN, not negative, not so far that microseconds stop being exact.
      if (!(delayMs >= 0 && delayMs <= 1e12)) {
        throw new RangeError(`delayMs: ${delayMs} is not right; use 0 to 1e12`);
      }
      if (stopped) return INERT;
      const fire = (): void => {
        // A timer that a pause kept back may have been cancelled by one before it.
        if (timers.delete(timer)) run();
      };
      const event = loop.schedule(delayMs, 'timer', node, () => {
        if (gate?.paused) gate.hold(fire);
        else fire();
      });
      const timer: Timer = {
        cancel: () => {
          if (timers.delete(timer)) event.cancel();
        },
      };
      timers.add(timer);
      return timer;
    },
    stop() {
      stopped = true;
      for (const timer of [...timers]) timer.cancel();
    },
  };
}
