/** Who loads the live world, by what was asked for. */
import { expect, test } from 'vitest';
import { driverFaultsProblem, readDriver } from '../../../scenarios/load/driver-choice.ts';

const TARGET = 'http://127.0.0.1:4731';
const choice = async (driver?: string, target?: string, worlds: readonly ['live'] = ['live']) => {
  const problems: string[] = [];
  const words = { driver, target, load: 'users' };
  return { chosen: await readDriver(words, worlds, '--', problems), problems };
};

test('mtproto names the users that are there anyway', async () => {
  expect(await choice()).toEqual({ chosen: undefined, problems: [] });
  expect(await choice('mtproto')).toEqual({ chosen: undefined, problems: [] });
});

test('gateway starts its own datacentres, or takes one gateway that runs', async () => {
  expect(await choice('gateway')).toEqual({ chosen: 'gateway', problems: [] });
  const { chosen, problems } = await choice('gateway', TARGET);
  expect(problems).toEqual([]);
  expect(chosen).toMatchObject({ target: TARGET, driver: { name: 'gateway', acknowledges: true } });
});

test('faults are for datacentres that the run has started', async () => {
  const faults = [{}];
  const { chosen } = await choice('gateway', TARGET);
  const words = { driver: 'gateway', load: 'users' };
  expect(driverFaultsProblem('gateway', words, faults)).toBe(undefined);
  expect(driverFaultsProblem(chosen, words, faults)).toContain('leave it out');
  expect(driverFaultsProblem(chosen, words, [])).toBe(undefined);
  const own = { driver: './mine.ts', load: 'users' };
  expect(driverFaultsProblem(chosen, own, faults)).toContain('a backend of your own');
});
