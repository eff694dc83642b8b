/** The cluster world: the real backend in one process, on a virtual clock, network and disk. */
import { Measurements } from '../../reports/measurements.ts';
import { runCluster } from '../../sim/cluster/run-cluster.ts';
import type { DisturbanceTracker } from '../../sim/users/disturbance-tracker.ts';
import { measureAudit, measureLedger } from '../../sim/users/measure.ts';
import { RunningFigures } from '../../sim/users/running-figures.ts';
import { loadCrypto } from '../../system-under-test/mtproto/crypto.ts';
import { dcIds } from '../../system-under-test/topology.ts';
import { scaledLoad } from './load.ts';
import type { World } from './world.ts';

/** Share of the progress that setting up and comparing at the end take. */
const SHARES = { arrive: 0.2, load: 0.75 };

export const run: World = async (scenario, options) => {
  const startedMs = performance.now();
  const { topology, window } = scenario;
  const load = scaledLoad(scenario, scenario.worlds.cluster, options.seed);
  const measurements = new Measurements({ windowSeconds: window.seconds });
  let running: { figures: RunningFigures; tracker: DisturbanceTracker } | undefined;
  const result = await runCluster({
    topology,
    people: load.people,
    messages: load.messages,
    warmupSeconds: window.warmupSeconds,
    windowSeconds: window.seconds,
    faults: scenario.faults,
    seed: options.seed,
    crypto: await loadCrypto(),
    signal: options.signal,
    progress: (phase, done, text) => {
      const before = phase === 'arrive' ? 0 : phase === 'load' ? SHARES.arrive : 0.95;
      const share = phase === 'arrive' ? SHARES.arrive : phase === 'load' ? SHARES.load : 0.05;
      options.progress({ phase, done: before + done * share, text });
    },
    ...(options.rollBack ? { rollBack: options.rollBack } : {}),
    ...(options.endNow ? { endNow: options.endNow } : {}),
    onLoad: (crowd, tracker) => {
      if (!options.observe) return;
      running = { figures: new RunningFigures(crowd, tracker, window.seconds), tracker };
    },
    onSecond: (atSeconds, cluster) => {
      for (const dc of dcIds(topology)) {
        const waiting = cluster.backlogFor(dc);
        const tags = { dc: String(dc) };
        measurements.gauge('backlog', waiting, tags, atSeconds);
        running?.figures.measurements.gauge('backlog', waiting, tags, atSeconds);
      }
      if (!running) return;
      const { figures, tracker } = running;
      options.observe?.({
        ...{ atSeconds, measurements: figures.measurements, inForce: tracker.inForce },
      });
    },
    onLag: (lagMs, atSeconds) => measurements.record('generator_lag', lagMs, {}, atSeconds),
  });
  const endedEarly = options.endNow?.aborted === true;
  measureLedger(result.crowd, result.disturbances, measurements, !endedEarly);
  if (!endedEarly) measureAudit(result.crowd, measurements, window.seconds);
  const voidReasons: string[] = [];
  if (result.unsettled > 0 && !endedEarly) {
    voidReasons.push(`${result.unsettled} messages had not settled when the run had to end`);
  }
  return {
    world: 'cluster',
    measurements,
    digest: result.digest,
    messages: result.crowd.ledger.entries.filter((entry) => entry.measured).length,
    wallSeconds: (performance.now() - startedMs) / 1000,
    faults: result.faults,
    voidReasons,
    endedEarly,
    notes: [
      `${load.people.length} of ${scenario.traffic.users.toLocaleString('en')} users (${load.scale}); sign-ins made beforehand`,
      `${result.events.toLocaleString('en')} events in ${result.virtualSeconds.toFixed(0)} virtual seconds`,
      ...load.notes,
      ...result.crowd.ledger.violations.slice(0, VIOLATIONS_SHOWN).map(({ text }) => text),
    ],
  };
};

const VIOLATIONS_SHOWN = 10;
