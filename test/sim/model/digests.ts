/** What the model computes, as digests: run in Node and, bundled, in a browser. */
import { Measurements } from '../../../reports/measurements.ts';
import { Digest } from '../../../sim/core/digest.ts';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { secondsOfDay } from '../../../sim/core/virtual-time.ts';
import { type Engine, runColumns } from '../../../sim/model/column-range.ts';
import { runFlow } from '../../../sim/model/flow/flow.ts';
import { postsOf } from '../../../sim/model/flow/post-plan.ts';
import { DEFAULT_FLOW_SETTINGS } from '../../../sim/model/flow/settings.ts';
import { runHubs } from '../../../sim/model/hubs/hub-run.ts';
import { HubTally, hubTallyShape } from '../../../sim/model/hubs/hub-tally.ts';
import { planHubs } from '../../../sim/model/hubs/plan.ts';
import { planModel } from '../../../sim/model/plan.ts';
import { DEFAULT_SERVICE_TIMES } from '../../../sim/model/service-times.ts';
import { Tally, tallyShape } from '../../../sim/model/tally.ts';
import { KINDS } from '../../../sim/traffic/kinds.ts';
import { loadOf } from '../../../sim/traffic/scenario-load.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import type { Topology } from '../../../system-under-test/topology.ts';

const topology = fiveDatacentres as unknown as Topology;
const window = { fromUtc: '17:00', seconds: 60, warmupSeconds: 5 };
const traffic = { users: 800e6, messagesPerDay: 55e9, mix: 'messenger' as const };

export async function digests(): Promise<Record<string, string>> {
  const load = loadOf({ topology, traffic, window, seed: 'browser' });
  const rates = new Float64Array(KINDS.length * load.dcCount);
  const text = new Digest();
  for (let second = 0; second < 86_400; second += 600) {
    load.ratesAt(second, rates);
    text.text([...rates, ...load.mixing].join(' '));
  }
  const plan = planModel({
    ...{ key: keyOfSeed('browser'), topology, window, textBytes: 150, load },
    faults: [{ kind: 'dc_loss', dc: 3, atSeconds: 20, forSeconds: 10 }],
    service: DEFAULT_SERVICE_TIMES,
    recipientShares: load.mixing,
  });
  const columns = (engine: Engine): string => {
    const tally = new Tally(tallyShape(plan));
    tally.add(runColumns({ plan, from: 0, to: 2 }, engine));
    return tally.digest();
  };
  const flow = await runFlow({
    ...{ topology, load: load.background, recipientShares: load.mixing },
    posts: postsOf(load, traffic, secondsOfDay(window.fromUtc), DEFAULT_SERVICE_TIMES),
    ...{ textBytes: 150, windowSeconds: window.seconds, seed: 'browser' },
    faults: [{ kind: 'dc_loss', dc: 3, atSeconds: 20, forSeconds: 10 }],
    service: DEFAULT_SERVICE_TIMES,
    settings: DEFAULT_FLOW_SETTINGS,
    measurements: new Measurements({ windowSeconds: window.seconds }),
    signal: new AbortController().signal,
  });
  const posts = planHubs({
    ...{ plan, hubs: load.hubs, background: load.background, memberShares: load.mixing },
    ...{ users: traffic.users, listening: new Float64Array(load.dcCount).fill(0.1) },
    settings: {
      fanOutCores: Array.from({ length: load.dcCount }, () => 20_000),
      postWork: DEFAULT_SERVICE_TIMES.front,
      postsMax: 100_000,
    },
  })!;
  const hubs = new HubTally(hubTallyShape(posts));
  hubs.add(runHubs(posts));
  return {
    posts: hubs.digest(),
    flow: flow.digest,
    load: text.hex(),
    columns: columns('wasm'),
    plain: columns('plain'),
  };
}
