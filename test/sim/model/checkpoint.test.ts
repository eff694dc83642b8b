/** A run that was broken off and gone on with counts what an uninterrupted one counts. */
import { expect, test } from 'vitest';
import {
  CheckpointError,
  checkpointBytes,
  checkpointOf,
  digestOfPlan,
} from '../../../sim/model/checkpoint.ts';
import { runColumns } from '../../../sim/model/column-range.ts';
import { runModel } from '../../../sim/model/model.ts';
import { Tally, tallyShape } from '../../../sim/model/tally.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import type { Topology } from '../../../system-under-test/topology.ts';
import { planet } from './planet.ts';

const plan = planet({ seconds: 5 });
const key = digestOfPlan(plan, '1');

test('what is saved comes back, and the rest added to it is the whole', () => {
  const first = runColumns({ plan, from: 0, to: 1 });
  const saved = checkpointOf(checkpointBytes({ plan: key, columns: 1, tally: first }), key);
  expect(saved.columns).toBe(1);
  const resumed = new Tally(tallyShape(plan));
  resumed.add(saved.tally);
  resumed.add(runColumns({ plan, from: 1, to: 2 }));
  const whole = new Tally(tallyShape(plan));
  whole.add(runColumns({ plan, from: 0, to: 2 }));
  expect(resumed.digest()).toBe(whole.digest());
});

test('another plan, seed or version is another key', () => {
  const keys = [
    key,
    digestOfPlan(plan, '2'),
    digestOfPlan(planet({ seconds: 6 }), '1'),
    digestOfPlan(planet({ seconds: 5, seed: 'other' }), '1'),
    digestOfPlan(planet({ seconds: 5, rate: 401 }), '1'),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(digestOfPlan(planet({ seconds: 5 }), '1')).toBe(key);
});

test('what is no checkpoint, or of another run, is refused', () => {
  const bytes = checkpointBytes({
    plan: key,
    columns: 1,
    tally: runColumns({ plan, from: 0, to: 1 }),
  });
  expect(() => checkpointOf(bytes, 'another')).toThrow('another scenario, seed, window or version');
  expect(() => checkpointOf(bytes.subarray(0, bytes.length / 2), key)).toThrow(CheckpointError);
  expect(() => checkpointOf(new Uint8Array(), key)).toThrow(CheckpointError);
  expect(() => checkpointOf(Uint8Array.of(1), key)).toThrow('is not a checkpoint');
});

test('a model run goes on from its checkpoint to the same digest', async () => {
  const input = {
    topology: fiveDatacentres as unknown as Topology,
    traffic: { users: 1e6, messagesPerDay: 5e8, textBytes: 150 },
    window: { fromUtc: '12:00', seconds: 3, warmupSeconds: 1 },
    faults: [],
    seed: 'checkpoints',
    workers: 2,
    signal: new AbortController().signal,
    columns: 32,
  };
  const whole = await runModel(input);
  const offers: Uint8Array[] = [];
  const offer = (bytes: () => Uint8Array): void => void offers.push(bytes());
  await runModel({ ...input, checkpoints: { version: '1', saved: undefined, offer } });
  expect(offers.length).toBe(4);
  const progress: number[] = [];
  const resumed = await runModel({
    ...input,
    checkpoints: { version: '1', saved: offers[1], offer: () => {} },
    onProgress: ({ done }) => progress.push(done),
  });
  expect(progress).toEqual([0.75, 1]);
  expect(resumed.digest).toBe(whole.digest);
});
