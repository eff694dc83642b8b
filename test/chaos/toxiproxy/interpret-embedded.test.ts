/** Faults that only the embedded server can do, and its own account of what was injected. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Machines, NO_EFFECTS } from '../../../chaos/machines.ts';
import type { Fault } from '../../../chaos/plan.ts';
import { ChaosDriver } from '../../../chaos/toxiproxy/driver.ts';
import { ToxiproxyExtensions } from '../../../chaos/toxiproxy/extensions.ts';
import { PlanInterpreter } from '../../../chaos/toxiproxy/interpret.ts';
import { type RunningToxiproxy, startToxiproxy } from '../../../chaos/toxiproxy/server.ts';
import { ManualClock } from './manual-clock.ts';
import { dial, eventually, roundTripMs, Upstream } from './wire.ts';

const nothing = (): Promise<void> => Promise.resolve();
const machines: Machines = {
  ...{ kill: nothing, start: nothing, pause: nothing, resume: nothing, trouble: nothing },
  effects: () => Promise.resolve(NO_EFFECTS),
};

let server: RunningToxiproxy;
let echo: Upstream;
let driver: ChaosDriver;

beforeAll(async () => {
  server = await startToxiproxy({ port: 0, seed: 'interpret' });
});
afterAll(() => server.close());
beforeEach(async () => {
  echo = await Upstream.echo();
  driver = new ChaosDriver(server.url);
  const place = { listen: '127.0.0.1:0', upstream: echo.address };
  await driver.populate(['link_1_2', 'link_2_1'].map((name) => ({ name, ...place })));
});
afterEach(async () => {
  await driver.close();
  echo.close();
});

function play(fault: Fault) {
  const clock = new ManualClock();
  const events: string[] = [];
  const interpreter = new PlanInterpreter({
    ...{ driver, dcs: [1, 2], clock, machines, log: (line) => void events.push(line) },
    extensions: new ToxiproxyExtensions(server.url),
  });
  const records = interpreter.run({ faults: [fault] }, 1_000);
  const seen = (what: string) =>
    eventually(() => events.some((event) => event.includes(what)), what);
  return { clock, interpreter, records, seen };
}

const TIMES = { atSeconds: 0, forSeconds: 5 };

it('loses packets of one direction as TCP shows it: all bytes come, and some late', async () => {
  const fault: Fault = { kind: 'lossy_link', from: 1, to: 2, lossShare: 1 / 3, ...TIMES };
  const { clock, interpreter, records, seen } = play(fault);
  clock.advanceTo(1_000);
  await seen('in force');
  const socket = await dial(driver.listenOf('link_1_2'));
  const trips: number[] = [];
  for (let trip = 0; trip < 12; trip++) trips.push(await roundTripMs(socket));
  expect(Math.max(...trips)).toBeGreaterThan(190);
  clock.advanceTo(6_000);
  const [record] = await records;
  expect(record).toMatchObject({ firedAtSeconds: 0, healedAtSeconds: 5 });
  expect(record?.effects).toBeGreaterThanOrEqual(12);
  expect(interpreter.problems).toEqual([]);
});

it('cuts what is open in the middle, once', async () => {
  const fault: Fault = { kind: 'cut_mid_frame', a: 1, b: 2, ...TIMES };
  const socket = await dial(driver.listenOf('link_2_1'));
  await roundTripMs(socket);
  const { clock, records, seen } = play(fault);
  clock.advanceTo(1_000);
  await seen('in force');
  // Within 8 KiB, one way or the other.
  socket.send(Buffer.alloc(32_768));
  await socket.gone();
  // The next one lives.
  const next = await dial(driver.listenOf('link_2_1'));
  for (let trip = 0; trip < 50; trip++) await roundTripMs(next);
  clock.advanceTo(6_000);
  expect(await records).toEqual([{ fault, firedAtSeconds: 0, healedAtSeconds: 5, effects: 1 }]);
});

it('counts what passed through a fault, and finds that nothing did', async () => {
  const fault: Fault = { kind: 'slow_link', from: 1, to: 2, addedMs: 20, ...TIMES };
  const used = play(fault);
  used.clock.advanceTo(1_000);
  await used.seen('in force');
  const socket = await dial(driver.listenOf('link_1_2'));
  for (let trip = 0; trip < 8; trip++) await roundTripMs(socket);
  used.clock.advanceTo(6_000);
  expect((await used.records)[0]?.effects).toBeGreaterThanOrEqual(8);
  expect(used.interpreter.problems).toEqual([]);
  socket.socket.destroy();

  const idle = play(fault);
  idle.clock.advanceTo(1_000);
  await idle.seen('in force');
  idle.clock.advanceTo(6_000);
  expect(await idle.records).toEqual([{ fault, effects: 0 }]);
});
