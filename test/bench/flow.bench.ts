/**
 * The flow fidelity: virtual seconds of a planet a CPU second, for a day and for a year of 800
 * million users, and how long a planet day takes on the wall. Beside them what the events fidelity
 * is aimed at, and a bare loop over the seconds of a day that only asks the load for its rates.
 */
import { Measurements } from '../../reports/measurements.ts';
import { SECONDS_PER_DAY } from '../../sim/core/virtual-time.ts';
import { runFlow } from '../../sim/model/flow/flow.ts';
import { postsOf } from '../../sim/model/flow/post-plan.ts';
import { DEFAULT_FLOW_SETTINGS } from '../../sim/model/flow/settings.ts';
import { DEFAULT_SERVICE_TIMES } from '../../sim/model/service-times.ts';
import { KINDS } from '../../sim/traffic/kinds.ts';
import { loadOf, type ScenarioLoad } from '../../sim/traffic/scenario-load.ts';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import type { Topology } from '../../system-under-test/topology.ts';
import { repeats } from './repeats.ts';
import type { BenchResult } from './run.ts';

const ROUNDS = 3;
const DAY_TARGET_SECONDS = 2;
const TARGET_NAME = `target: a planet day in ${DAY_TARGET_SECONDS} s`;
const RATES_NAME = 'rates of a year, nothing else';
const topology = fiveDatacentres as unknown as Topology;

const traffic = { users: 800e6, messagesPerDay: 55e9 };

function planetLoad(days: number): ScenarioLoad {
  return loadOf({
    topology,
    traffic,
    window: { fromUtc: '00:00', seconds: days * SECONDS_PER_DAY, warmupSeconds: 0 },
    seed: 'bench',
  });
}

interface Spent {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

async function spent(work: () => Promise<void> | void): Promise<Spent> {
  const [cpu, startedMs] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { cpuSeconds: (user + system) / 1e6, wallSeconds: (performance.now() - startedMs) / 1000 };
}

/** The load is made apart: reading the cities is not the flow's. */
async function runDays(days: number, load: ScenarioLoad): Promise<Spent> {
  const windowSeconds = days * SECONDS_PER_DAY;
  return spent(async () => {
    const { messages } = await runFlow({
      ...{ topology, windowSeconds, load: load.background },
      posts: postsOf(load, traffic, 0, DEFAULT_SERVICE_TIMES),
      ...{ recipientShares: load.mixing, textBytes: 150, seed: 'bench' },
      requestsAt: (second, out) => load.requestsAt(second, out),
      ...{ service: DEFAULT_SERVICE_TIMES, settings: DEFAULT_FLOW_SETTINGS },
      faults: [{ kind: 'dc_loss', dc: 3, atSeconds: 17 * 3600, forSeconds: 600 }],
      measurements: new Measurements({ windowSeconds }),
      signal: new AbortController().signal,
    });
    const expected = 55e9 * days;
    if (Math.abs(messages / expected - 1) > 0.1) {
      throw new Error(`bench: ${messages} messages in ${days} days: it measures something else`);
    }
  });
}

async function bareRates(days: number, load: ScenarioLoad): Promise<Spent> {
  const rates = new Float64Array(KINDS.length * load.dcCount);
  let sum = 0;
  const result = await spent(() => {
    for (let second = 0; second < days * SECONDS_PER_DAY; second++) {
      load.background.ratesAt(second, rates);
      sum += rates[0]!;
    }
  });
  if (!(sum > 0)) throw new Error('bench: the load is empty');
  return result;
}

export async function bench(): Promise<BenchResult[]> {
  await runDays(2, planetLoad(2)); // the compiler's warm-up
  const days: Spent[] = [];
  for (let round = 0; round < ROUNDS; round++) days.push(await runDays(1, planetLoad(1)));
  const year = await runDays(365, planetLoad(365));
  const bare = await bareRates(365, planetLoad(365));
  const unit = 'virtual s/CPU s';
  const dayRate = repeats(days.map(({ cpuSeconds }) => SECONDS_PER_DAY / cpuSeconds));
  const dayWall = repeats(days.map(({ wallSeconds }) => wallSeconds));
  const bareRate = (365 * SECONDS_PER_DAY) / bare.cpuSeconds;
  const yearRate = (365 * SECONDS_PER_DAY) / year.cpuSeconds;
  const note = 'flow: 800M users, one datacentre out for ten minutes; a day is mostly its report';
  return [
    { name: RATES_NAME, value: Math.round(bareRate), unit },
    { name: 'flow day', value: Math.round(dayRate.median), unit, spread: dayRate.spread, note },
    {
      ...{ name: 'flow year', value: Math.round(yearRate), unit },
      ...{ ratioTo: RATES_NAME, ratio: yearRate / bareRate },
    },
    {
      ...{ name: 'flow, a planet day', value: dayWall.median, unit: 's', spread: dayWall.spread },
      ...{ ratioTo: TARGET_NAME, ratio: dayWall.median / DAY_TARGET_SECONDS },
    },
    { name: 'flow, a planet year', value: year.wallSeconds, unit: 's' },
  ];
}
