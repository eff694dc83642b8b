/**
 * `quincunx plan` on the wall clock: the whole command as a person runs it, one plan inside a warm
 * process, and a Monte Carlo draw. The target is one second without Monte Carlo.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { valuesOf } from '../../sim/capacity/inputs.ts';
import { evaluate, worldFor } from '../../sim/capacity/model.ts';
import { makePlan } from '../../sim/capacity/plan.ts';
import { readPlan } from '../../sim/capacity/plan-file.ts';
import { planetOf } from '../../sim/capacity/planet.ts';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import type { BenchResult } from './run.ts';

const ROUNDS = 7;
const DRAWS = 200;
const TARGET_MS = 1000;
const COMMAND = fileURLToPath(new URL('../../bin/quincunx.ts', import.meta.url));

export async function bench(): Promise<BenchResult[]> {
  const topology = fiveDatacentres as unknown as Topology;
  const source = readPlan({ profile: 'a-800m', set: [], dcIds: dcIds(topology) });
  if ('problems' in source) throw new Error(source.problems.join('\n'));
  const planet = planetOf(topology);
  const request = { ...source, planet, samples: 0, seed: '1', version: '', reproduce: '' };
  makePlan(request); // warm-up of the compiler
  const inProcess = timed(() => makePlan(request));
  const world = worldFor(planet, source.settings);
  const values = valuesOf(source.inputs);
  const draws = timed(() => {
    for (let draw = 0; draw < DRAWS; draw++) evaluate(world, values);
  });
  const command = timed(() => {
    const { status } = spawnSync(process.execPath, [COMMAND, 'plan', '--json'], {
      maxBuffer: 2 ** 26,
    });
    if (status !== 0) throw new Error(`bench: quincunx plan ended with ${status}`);
  });
  const target = { ratioTo: 'target of 1 s', unit: 'ms' };
  const ratio = (ms: number): number => ms / TARGET_MS;
  return [
    { name: 'plan, the whole command', ...command, ...target, ratio: ratio(command.value) },
    { name: 'plan, in a warm process', ...inProcess, ...target, ratio: ratio(inProcess.value) },
    {
      name: 'plan, one pass of the formulas (a Monte Carlo draw)',
      ...{ value: draws.value / DRAWS, spread: draws.spread, unit: 'ms' },
    },
  ];
}

/** Median of the rounds, and half their range over it. */
function timed(run: () => void): { readonly value: number; readonly spread: number } {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  const value = rounds[Math.floor(ROUNDS / 2)]!;
  return { value, spread: (rounds.at(-1)! - rounds[0]!) / 2 / value };
}
