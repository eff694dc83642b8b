/**
 * The live world with k6 as its generator: five datacentres with gateways behind Toxiproxy, people
 * signed up by REST, the scenario's load and faults, and k6's samples in the same measurements as
 * those of our own virtual users.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Measurements } from '../../reports/measurements.ts';
import type { WatchedLoad } from '../../sim/users/crowd-view.ts';
import { DisturbanceTracker } from '../../sim/users/disturbance-tracker.ts';
import { RunningFigures } from '../../sim/users/running-figures.ts';
import { createNodeClock } from '../../system-under-test/live/node-clock.ts';
import type { Scenario } from '../define.ts';
import { diskNote, diskStalls } from '../load/honesty.ts';
import { LiveBackend } from '../worlds/live-backend.ts';
import { pause } from '../worlds/live-waiting.ts';
import { type ScaledLoad, scaledLoad } from '../worlds/load.ts';
import type { World, WorldOptions, WorldRun } from '../worlds/world.ts';
import { bundleScript } from './bundle.ts';
import { disagreements, distrust, disturbancesOf, measureK6, RETURN_MS } from './judging.ts';
import { K6Ledger, lostOf } from './k6-ledger.ts';
import { scriptPlan, watchedPlan } from './plan.ts';
import { prepareData } from './prepare.ts';
import { findK6, INSTALL_K6, type K6Outcome, runK6 } from './run-k6.ts';

/** k6 makes its VUs meanwhile: a thousand take about 5 s. */
const LEAD_MS = 8_000;
const LOOK_MS = 250;
const NO_THINK_TIMES =
  'k6 has the answers of conversations in their order, but evenly spaced, not after think times';

export const run: World = async (scenario, options) => {
  const cleanUp: (() => Promise<void>)[] = [];
  try {
    return await runLive(scenario, options, (undo) => cleanUp.push(undo));
  } finally {
    for (const undo of cleanUp.toReversed()) await undo().catch(() => {});
  }
};

async function runLive(
  scenario: Scenario,
  options: WorldOptions,
  later: (undo: () => Promise<void>) => void,
): Promise<WorldRun> {
  const startedMs = performance.now();
  const path = findK6();
  if (path === undefined) throw new Error(`there is no k6; get it with: ${INSTALL_K6}`);
  const { window } = scenario;
  const { signal, seed, progress } = options;
  const load = scaledLoad(scenario, scenario.worlds.live, seed);
  // What would end the run is watched here, with more in view than k6 has.
  const plan = watchedPlan(scriptPlan(scenario, seed));
  const clock = createNodeClock();
  const voidReasons: string[] = [];
  const world = options;
  const backend = await LiveBackend.start({ scenario, world, clock, gateway: true }, later);
  const data = await prepareData({
    ...{ gateways: backend.gateways, people: load.people, messages: load.messages, signal },
    progress: (done, of) =>
      progress({ phase: 'arrive', done: (done / of) * 0.1, text: `${done} of ${of} people` }),
  });
  const folder = join(options.scratch, 'k6');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const script = await bundleScript(plan);
  const measurements = new Measurements({ windowSeconds: window.seconds });
  const startAtMs = Date.now() + LEAD_MS;
  const windowStartMs = clock.monotonicMs() + LEAD_MS + window.warmupSeconds * 1_000;
  const ledger = new K6Ledger(data.pairs);
  const watched = watchedLoad(ledger, load);
  const tracker = new DisturbanceTracker(watched, RETURN_MS);
  const figures = options.observe && new RunningFigures(watched, tracker, window.seconds);
  const nowMs = (): number => clock.monotonicMs() - windowStartMs;
  const faults = backend.play(windowStartMs, {
    struck: (fault) => tracker.struck(fault, nowMs()),
    healed: (fault) => tracker.healed(fault, nowMs()),
  });
  faults.catch(() => {}); // awaited below; k6 may fail before
  const backlog = backend.backlogs((dc, count) => {
    const [at, tags] = [nowMs() / 1_000, { dc: String(dc) }];
    if (at < 0) return;
    for (const each of [measurements, figures?.measurements])
      each?.gauge('backlog', count, tags, at);
  });
  const looking = everyLook(signal, async () => {
    await backlog.look(signal);
    tracker.check(nowMs());
    const atSeconds = nowMs() / 1_000;
    if (figures) {
      const { inForce } = tracker;
      options.observe?.({ atSeconds, measurements: figures.measurements, inForce });
    }
    const before = window.warmupSeconds + LEAD_MS / 1_000;
    const total = before + window.seconds + plan.drainSeconds;
    const share = Math.min(1, Math.max(0, (atSeconds + before) / total));
    const text = progressText(atSeconds, window);
    progress({ phase: 'load', done: 0.1 + share * 0.85, text });
  });
  let outcome: K6Outcome;
  try {
    const { endNow } = options;
    outcome = await runK6({ path, folder, script, data, startAtMs, signal, endNow, ledger });
  } finally {
    const failure = await looking.stop();
    if (failure) voidReasons.push(`nobody looked on to the end: ${failure.message}`);
  }
  const disk = await backend.disk();
  const whole = outcome.exitCode !== 105;
  const records = await faults;
  const { entries } = ledger;
  const disturbances = disturbancesOf(records, entries, (user) => load.people[user]?.homeDc ?? 0);
  measureK6(ledger, entries, disturbances, load.people, measurements, whole);
  voidReasons.push(
    ...(await backend.troubles()),
    ...distrust(ledger, plan, measurements, startAtMs, whole),
    ...(whole ? disagreements(scenario, outcome.broken, measurements) : []),
  );
  const lost = (whole ? lostOf(entries) : []).map(
    ({ id }) => `message ${id} was acknowledged, and never arrived`,
  );
  return {
    world: 'live',
    measurements,
    digest: load.digest,
    messages: entries.filter(({ measured }) => measured).length,
    wallSeconds: (performance.now() - startedMs) / 1_000,
    faults: records,
    voidReasons,
    slowReasons: diskStalls(disk),
    endedEarly: !whole,
    notes: [
      `k6 sends and listens through the gateways (REST and WebSocket); its clock has whole milliseconds`,
      `${load.people.length} of ${scenario.traffic.users.toLocaleString('en')} users (${load.scale}); k6 spaces messages evenly, at the rates of the load`,
      `${options.toxiproxy} toxiproxy on every link`,
      ...(disk ? [diskNote(disk)] : []),
      ...(scenario.traffic.conversations ? [NO_THINK_TIMES] : []),
      ...load.notes,
      ...lost.slice(0, 10),
    ],
  };
}

function progressText(atSeconds: number, { seconds, warmupSeconds }: Scenario['window']): string {
  if (atSeconds < -warmupSeconds) return 'k6 starts, and people connect';
  if (atSeconds < 0) return 'k6: warm-up';
  return atSeconds < seconds
    ? `k6: ${atSeconds.toFixed(0)} of ${seconds} s`
    : 'k6: the last messages arrive';
}

/** What k6 records, as a crowd that can be watched; times in ms of the window. */
function watchedLoad(ledger: K6Ledger, { people }: ScaledLoad): WatchedLoad {
  return {
    windowStartMs: 0,
    ledger,
    set onDue(told: WatchedLoad['onDue']) {
      ledger.onDue = told;
    },
    get onDue() {
      return ledger.onDue;
    },
    away: () => 0, // k6 does not say where its sockets are
    person: (index) => ({ homeDc: people[index]?.homeDc ?? 0 }),
  };
}

/** Four times a second until stopped, which gives what went wrong with it, if something did. */
function everyLook(
  signal: AbortSignal,
  look: () => Promise<void>,
): { stop(): Promise<Error | undefined> } {
  let over = false;
  const all = async (): Promise<void> => {
    while (!over) {
      await look();
      await pause(LOOK_MS, signal);
    }
  };
  const looked = all().catch((error: Error) => (signal.aborted ? undefined : error));
  return {
    async stop() {
      over = true;
      return (await looked) ?? undefined;
    },
  };
}
