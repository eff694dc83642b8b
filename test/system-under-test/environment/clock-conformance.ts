/** What every Clock must do. */
import { expect, it } from 'vitest';
import type { Clock } from '../../../system-under-test/environment/index.ts';
import type { Arm } from './arms.ts';

const pause = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });

export function clockConformance(arm: Arm): void {
  it('runs a call once, not synchronously, and never early', () =>
    arm.withClock(async ({ clock }) => {
      for (const delayMs of [0, 0.4, 1.7, 12]) {
        const startMs = clock.monotonicMs();
        let runs = 0;
        const ran = new Promise<void>((resolve) => {
          clock.after(delayMs, () => {
            runs++;
            resolve();
          });
        });
        expect(runs).toBe(0);
        await ran;
        expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(delayMs);
        expect(runs).toBe(1);
      }
    }));

  it('runs calls in the order of their due times', () =>
    arm.withClock(async ({ clock }) => {
      const order: string[] = [];
      clock.after(30, () => order.push('late'));
      clock.after(5, () => order.push('early'));
      await pause(clock, 60);
      expect(order).toEqual(['early', 'late']);
    }));

  it('does not run what was cancelled, and forgives cancelling twice or late', () =>
    arm.withClock(async ({ clock }) => {
      let runs = 0;
      const cancelled = clock.after(1, () => runs++);
      cancelled.cancel();
      cancelled.cancel();
      const late = clock.after(1, () => {
        runs += 10;
      });
      await pause(clock, 20);
      late.cancel();
      expect(runs).toBe(10);
    }));

  it('takes delays beyond the range of one machine timer', () =>
    arm.withClock(async ({ clock }) => {
      let ran = false;
      const timer = clock.after(30 * 24 * 3600 * 1000, () => {
        ran = true;
      });
      await pause(clock, 10);
      expect(ran).toBe(false);
      timer.cancel();
    }));

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a delay of %s', (delayMs) =>
    arm.withClock(async ({ clock }) => {
      expect(() => clock.after(delayMs, () => {})).toThrow(/delayMs/);
    }),
  );

  it('tells a plausible wall-clock time that moves with the monotonic one', () =>
    arm.withClock(async ({ clock }) => {
      expect(clock.wallMs()).toBeGreaterThan(Date.parse('2025-01-01'));
      const [wallMs, monotonicMs] = [clock.wallMs(), clock.monotonicMs()];
      await pause(clock, 40);
      const drift = clock.wallMs() - wallMs - (clock.monotonicMs() - monotonicMs);
      expect(Math.abs(drift)).toBeLessThan(20);
    }));
}
