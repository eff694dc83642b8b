/** What a driver does around the load, and what is said where it goes wrong. */
import { describe, expect, test } from 'vitest';
import { SETUP_LIMITS, setUp, tearDown } from '../../../scenarios/load/setup.ts';
import type { Driver, DriverRun } from '../../../sim/users/driver.ts';

const connect: Driver['connect'] = () => Promise.reject(new Error('nobody connects here'));
const users = [{ index: 0, name: 'Ann', target: 'ws://127.0.0.1:1' }];
const run = (signal = new AbortController().signal): DriverRun => ({
  ...{ users, target: 'ws://127.0.0.1:1', signal },
});
const never = (): Promise<never> => new Promise(() => {});

describe('setup', () => {
  test('gets who takes part and where, and what it returns is handed on', async () => {
    const driver: Driver = {
      connect,
      setup: ({ users: all, target }) => Promise.resolve(new Map([[target, all.length]])),
    };
    expect(await setUp(driver, run())).toEqual(new Map([['ws://127.0.0.1:1', 1]]));
    expect(await setUp({ connect }, run())).toBe(undefined);
  });

  test.each<[string, Driver['setup'], string | RegExp]>([
    ['throws', () => Promise.reject(new Error('no room')), 'setup: no room'],
    [
      'throws at once',
      () => {
        throw new TypeError('no such thing');
      },
      'setup: no such thing',
    ],
    [
      'returns what threads cannot have',
      () => ({ close: () => {} }),
      /^setup: threads cannot be handed what it returned \(.*could not be cloned.*\); return plain/,
    ],
    [
      'returns too much',
      () => new Uint8Array(2_000_000),
      'setup: returned 1.9 MiB; each thread has a copy, of at most 1.0 MiB',
    ],
  ])('that %s is told', async (_, setup, why) => {
    const limits = { ...SETUP_LIMITS, dataBytes: 1 << 20 };
    await expect(setUp({ connect, setup: setup! }, run(), limits)).rejects.toThrow(why);
  });

  test('that takes too long is given up, and told so by its signal', async () => {
    let told: unknown;
    const setup = ({ signal }: DriverRun): Promise<never> => {
      signal.addEventListener('abort', () => {
        told = signal.reason;
      });
      return never();
    };
    const limits = { ...SETUP_LIMITS, setupMs: 20 };
    await expect(setUp({ connect, setup }, run(), limits)).rejects.toThrow(
      'setup took longer than 0.02 s',
    );
    expect(told).toBeInstanceOf(Error);
  });

  test('ends with an interrupted run, for the reason of that', async () => {
    const controller = new AbortController();
    const started = setUp({ connect, setup: never }, run(controller.signal));
    controller.abort(new Error('told to stop'));
    await expect(started).rejects.toThrow('told to stop');
  });
});

describe('teardown', () => {
  test('gets what setup returned', async () => {
    let got: unknown;
    const teardown: Driver['teardown'] = (data, { users: all, signal }) => {
      got = [data, all.length, signal.aborted];
    };
    expect(await tearDown({ connect, teardown }, { room: 7 }, run())).toBe(undefined);
    expect(got).toEqual([{ room: 7 }, 1, false]);
    expect(await tearDown({ connect }, undefined, run())).toBe(undefined);
  });

  test('that fails, or takes too long, is told and no error', async () => {
    const left = 'what it was to undo may still be there';
    const teardown = (): never => {
      throw new Error('it is locked');
    };
    const failed = await tearDown({ connect, teardown }, undefined, run());
    expect(failed).toBe(`teardown: it is locked; ${left}`);
    const limits = { ...SETUP_LIMITS, teardownMs: 20 };
    const late = await tearDown({ connect, teardown: never }, undefined, run(), limits);
    expect(late).toBe(`teardown: took longer than 0.02 s; ${left}`);
  });
});
