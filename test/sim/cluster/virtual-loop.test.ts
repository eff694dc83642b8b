import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { VirtualLoop, VirtualLoopError } from '../../../sim/cluster/virtual-loop.ts';

const newLoop = (options = {}): VirtualLoop => new VirtualLoop({ seed: '7', ...options });

describe('order', () => {
  it('runs events by time, and those of one time as they were scheduled', async () => {
    const loop = newLoop();
    const order: string[] = [];
    for (const [delayMs, name] of [
      [2, 'c'],
      [1, 'a'],
      [2, 'd'],
      [1, 'b'],
      [0.001, 'first'],
    ] as const) {
      loop.schedule(delayMs, 'test', name, () => order.push(`${name}@${loop.nowMs()}`));
    }
    await loop.run(10);
    expect(order).toEqual(['first@0.001', 'a@1', 'b@1', 'c@2', 'd@2']);
    expect(loop.nowMs()).toBe(10);
    expect(loop.events).toBe(5);
  });

  it.each([1, 64])(
    'lets a chain of 50 awaits and microtasks settle first (%d events a turn)',
    async (turn) => {
      const loop = new VirtualLoop({ seed: '7', eventsPerTurn: turn });
      const order: string[] = [];
      const chain = async (depth: number): Promise<void> => {
        if (depth > 0) {
          await null;
          await chain(depth - 1);
        }
      };
      loop.schedule(1, 'test', 'deep', () => {
        void chain(50).then(() => {
          queueMicrotask(() => void chain(50).then(() => order.push('deep')));
        });
      });
      loop.schedule(1, 'test', 'next', () => order.push('next'));
      await loop.run(1);
      expect(order).toEqual(['deep', 'next']);
    },
  );

  it('settles what the caller started before the first event', async () => {
    const loop = newLoop();
    const order: string[] = [];
    loop.schedule(0, 'test', 'event', () => order.push('event'));
    void Promise.resolve().then(() => order.push('caller'));
    await loop.run(0);
    expect(order).toEqual(['caller', 'event']);
  });

  it('does not run what was cancelled, however much of it there is', async () => {
    const loop = newLoop();
    let runs = 0;
    const events = Array.from({ length: 5000 }, (_, index) =>
      loop.schedule(5000 - index, 'test', 'x', () => runs++),
    );
    for (const [index, event] of events.entries()) if (index % 10 !== 0) event.cancel();
    expect(loop.pending).toBe(500);
    await loop.run(5000);
    expect(runs).toBe(500);
  });
});

describe('run', () => {
  it('stops at the time asked for, events of that time included', async () => {
    const loop = newLoop();
    const seen: number[] = [];
    for (const atMs of [1, 2, 3]) loop.schedule(atMs, 'test', 'x', () => seen.push(atMs));
    await loop.run(2);
    expect(seen).toEqual([1, 2]);
    await loop.run(1); // a time in the past changes nothing
    expect(loop.nowMs()).toBe(2);
  });

  it('stops as soon as a condition holds', async () => {
    const loop = newLoop();
    let count = 0;
    const again = (): void => {
      count++;
      loop.schedule(1, 'test', 'again', again);
    };
    loop.schedule(1, 'test', 'again', again);
    await loop.run(() => count === 5);
    expect(loop.nowMs()).toBe(5);
  });

  it('hands on the outcome of a promise', async () => {
    const loop = newLoop();
    const clock = loop.clockFor('node');
    const work = async (fails: boolean): Promise<string> => {
      await new Promise<void>((resolve) => {
        clock.after(1000, resolve);
      });
      if (fails) throw new Error('as asked');
      return 'done';
    };
    expect(await loop.settle(work(false))).toBe('done');
    await expect(loop.settle(work(true))).rejects.toThrow('as asked');
    expect(loop.nowMs()).toBe(2000);
  });

  it('refuses to run twice at once, and times that are none', async () => {
    const loop = newLoop();
    const first = loop.run(1);
    await expect(loop.run(1)).rejects.toThrow(/already running/);
    await first;
    await expect(loop.run(Number.NaN)).rejects.toThrow(/not a time/);
    expect(() => loop.schedule(-1, 'test', 'x', () => {})).toThrow(RangeError);
  });
});

describe('failure', () => {
  it('names the seed and the virtual time of an exception, and stays broken', async () => {
    const loop = newLoop({ seed: 'the-seed' });
    loop.schedule(12.5, 'test', 'breaks', () => {
      throw new Error('broken invariant');
    });
    let after = false;
    loop.schedule(13, 'test', 'after', () => {
      after = true;
    });
    const failure = await loop.run(100).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(VirtualLoopError);
    expect(failure).toMatchObject({ seed: 'the-seed', virtualMs: 12.5 });
    expect(String(failure)).toMatch(/test breaks: broken invariant.*seed the-seed.*12\.500 ms/);
    await expect(loop.run(100)).rejects.toBe(failure);
    expect(after).toBe(false);
  });

  it('stops at a rejection nobody handled, at the event that caused it', async () => {
    // The test runner listens as well and would call the run failed: it is sent out meanwhile.
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    // With somebody else listening, Node itself stays calm: the loop must hear of it on its own.
    const somebodyElse = (): void => {};
    process.on('unhandledRejection', somebodyElse);
    try {
      const loop = new VirtualLoop({ seed: '7', eventsPerTurn: 1 });
      let after = false;
      loop.schedule(3, 'test', 'rejects', () => {
        void Promise.resolve().then(() => {
          throw new Error('forgotten');
        });
      });
      loop.schedule(3.001, 'test', 'after', () => {
        after = true;
      });
      await expect(loop.run(10)).rejects.toThrow(/forgotten.*seed 7.*3\.000 ms/);
      expect(after).toBe(false);
      expect(process.listeners('unhandledRejection')).toEqual([somebodyElse]);
    } finally {
      process.off('unhandledRejection', somebodyElse);
      for (const listener of others) process.on('unhandledRejection', listener);
    }
  });

  it('stops within 64 events of a rejection nobody handled, unless told to look closer', async () => {
    const loop = newLoop();
    for (let at = 1; at <= 500; at++) {
      loop.schedule(at, 'test', 'event', () => {
        if (at === 100) void Promise.reject(new Error('forgotten'));
      });
    }
    await expect(loop.run(1_000)).rejects.toThrow(/forgotten/);
    expect(loop.events).toBeGreaterThanOrEqual(100);
    expect(loop.events).toBeLessThanOrEqual(164);
  });

  it('calls it a dead end when nothing will ever happen', async () => {
    const loop = newLoop();
    await expect(loop.settle(new Promise(() => {}))).rejects.toThrow(/nothing is going to happen/);
  });

  it('stops a runaway', async () => {
    const loop = newLoop({ eventsMax: 100 });
    const again = (): void => void loop.schedule(0, 'test', 'again', again);
    again();
    await expect(loop.run(1)).rejects.toThrow(/more than 100 events/);
  });
});

describe('clocks', () => {
  it('start at a fixed date and show their skew in wall time only', async () => {
    const loop = newLoop();
    const right = loop.clockFor('right');
    const wrong = loop.clockFor('wrong', { skewMs: -1500 });
    await loop.run(250);
    expect(right.wallMs()).toBe(Date.parse('2026-01-01T00:00:00.250Z'));
    expect(wrong.wallMs()).toBe(right.wallMs() - 1500);
    expect(wrong.monotonicMs()).toBe(250);
    wrong.skewMs = 10;
    expect(wrong.wallMs()).toBe(right.wallMs() + 10);
  });

  it('lose all timers when their node dies, those of others stay', async () => {
    const loop = newLoop();
    const dead = loop.clockFor('dead');
    const alive = loop.clockFor('alive');
    const ran: string[] = [];
    for (let delayMs = 1; delayMs < 5; delayMs++)
      dead.after(delayMs, () => ran.push(`dead ${delayMs}`));
    alive.after(3, () => ran.push('alive'));
    await loop.run(1);
    expect(dead.pending).toBe(3);
    dead.stop();
    dead.after(1, () => ran.push('from the grave')).cancel();
    dead.after(1, () => ran.push('from the grave'));
    await loop.run(10);
    expect(ran).toEqual(['dead 1', 'alive']);
    expect(dead.pending).toBe(0);
  });
});

describe('trace digest', () => {
  const digest = async (label: string, delayMs: number, detail: number): Promise<string> => {
    const loop = newLoop();
    loop.schedule(delayMs, 'test', label, () => {}, detail);
    await loop.run(100);
    return loop.traceDigest;
  };

  it('depends on time, label and detail, and on nothing else', async () => {
    const base = await digest('a', 1, 0);
    expect(await digest('a', 1, 0)).toBe(base);
    const others = [await digest('b', 1, 0), await digest('a', 1.001, 0), await digest('a', 1, 1)];
    expect(new Set([base, ...others]).size).toBe(4);
  });
});
