/**
 * The live world: five datacentre processes, every connection between them and to them through
 * Toxiproxy, and virtual users on real sockets. A lost DC is cut off and its process killed; when
 * it returns, it starts again on its disk.
 */
import { type FaultRecord, lostDc } from '../../chaos/plan.ts';
import { clientProxy } from '../../chaos/toxiproxy/names.ts';
import { Measurements } from '../../reports/measurements.ts';
import { createCommonClock } from '../../sim/parallel/common-clock.ts';
import { ThreadedCrowd } from '../../sim/parallel/crowd-threads.ts';
import type { DriverThreadsOptions } from '../../sim/parallel/driver-threads.ts';
import { meterThread, type ThreadMeter } from '../../sim/parallel/load-meter.ts';
import { meterMachine } from '../../sim/parallel/load-threads.ts';
import { Crowd, type CrowdOptions } from '../../sim/users/crowd.ts';
import type { CrowdView } from '../../sim/users/crowd-view.ts';
import { DisturbanceTracker } from '../../sim/users/disturbance-tracker.ts';
import { Ledger } from '../../sim/users/ledger.ts';
import { measureAudit, measureLedger } from '../../sim/users/measure.ts';
import { PeopleWords } from '../../sim/users/people-words.ts';
import { RunningFigures } from '../../sim/users/running-figures.ts';
import { createNodeClock } from '../../system-under-test/live/node-clock.ts';
import { createNodeNetwork } from '../../system-under-test/live/node-network.ts';
import { createNodeRandomness } from '../../system-under-test/live/node-randomness.ts';
import type { StationMark } from '../../system-under-test/live/station-trace.ts';
import { loadCrypto } from '../../system-under-test/mtproto/crypto.ts';
import { RsaPublicKey } from '../../system-under-test/mtproto/rsa.ts';
import { dcIds } from '../../system-under-test/topology.ts';
import type { Scenario } from '../define.ts';
import {
  bottlenecks,
  diskNote,
  diskStalls,
  type GeneratorFigures,
  generatorNote,
} from '../load/honesty.ts';
import type { Later } from './behind-proxies.ts';
import { LiveBackend } from './live-backend.ts';
import { cpuOf } from './live-status.ts';
import { abortable, pause } from './live-waiting.ts';
import { type ScaledLoad, scaledLoad } from './load.ts';
import type { World, WorldOptions } from './world.ts';

const SETTLE_MS = 60_000;
const CHECK_MS = 250;
const VIOLATIONS_SHOWN = 10;
/** So many users are one thread's work; fewer stay in the main thread, which is simpler. */
const USERS_PER_THREAD = 1_000;
const SIGN_INS_AT_ONCE = 32;

/** Another load than the scenario's, and who looks on. */
export interface LiveWatch {
  readonly load?: ScaledLoad;
  /** Which message passed which station when; datacentres note it only where this is given. */
  readonly onTrace?: (dc: number, marks: readonly StationMark[]) => void;
  /** Of the users. Default: as many as they need; 1 is the main thread. */
  readonly threads?: number;
  /**
   * With `threads: 1`: everyone has arrived and the load begins; times are on the clock of the
   * crowd.
   */
  readonly onLoad?: (crowd: Crowd) => void;
  /** A DC that was lost serves again, on the same clock. */
  readonly onReturned?: (dc: number, atMs: number) => void;
  /** Other users than our own: the datacentres have gateways then. Always on threads. */
  readonly usersOf?: (backend: LiveBackend, users: LiveUsers) => Promise<LiveUsersOnThreads>;
  /** What a reader must know of them; asked for in the end. */
  readonly notesOf?: () => readonly string[];
}

/** Who is to write what. */
export type LiveUsers = Omit<DriverThreadsOptions, 'driver' | 'data'>;

/** What the run needs of users that are on threads. */
export type LiveUsersOnThreads = CrowdView & Pick<ThreadedCrowd, 'look' | 'failure' | 'meters'>;

export const run: World = (scenario, options) => runWatched(scenario, options, {});

export async function runWatched(
  scenario: Scenario,
  options: WorldOptions,
  watch: LiveWatch,
): ReturnType<World> {
  const cleanUp: (() => Promise<void>)[] = [];
  try {
    return await runLive(scenario, options, watch, (undo) => cleanUp.push(undo));
  } finally {
    // Newest first; one that fails does not keep the others from being done.
    for (const undo of cleanUp.toReversed()) await undo().catch(() => {});
  }
}

async function runLive(
  scenario: Scenario,
  options: WorldOptions,
  watch: LiveWatch,
  later: Later,
): ReturnType<World> {
  const startedMs = performance.now();
  const { topology, window } = scenario;
  const { signal } = options;
  const dcs = dcIds(topology);
  const load = watch.load ?? scaledLoad(scenario, scenario.worlds.live, options.seed);
  const { threads = threadsFor(load.people.length, options.workers) } = watch;
  if (threads > 1 && watch.onLoad) throw new Error('users on threads cannot be looked at');
  const isHere = threads === 1 && !watch.usersOf;
  const clock = isHere ? createNodeClock() : createCommonClock();
  const backend = await LiveBackend.start(
    {
      scenario,
      world: options,
      clock,
      gateway: watch.usersOf !== undefined,
      onTrace: watch.onTrace,
    },
    later,
  );
  const { cluster, driver } = backend;

  const words = new PeopleWords(options.seed);
  const names = words.names(load.people.length);
  const crowdOptions = {
    people: load.people.map((person, index) => ({ ...person, name: names[index]! })),
    ...{ messages: load.messages, topology, clock },
    warmupMs: window.warmupSeconds * 1000,
    addresses: new Map(dcs.map((dc) => [dc, driver.listenOf(clientProxy(dc))])),
    signInsAtOnce: SIGN_INS_AT_ONCE,
  };
  const { rsaPublicKeyPem } = cluster;
  const textOf = (id: number, bytes: number): string =>
    Ledger.textOf(id, bytes, words.wordsOf(id, bytes));
  const here = isHere
    ? await crowdHere({ ...crowdOptions, textOf }, rsaPublicKeyPem, later)
    : undefined;
  const onThreads = {
    ...{ ...crowdOptions, threads, rsaPublicKeyPem, seed: options.seed, signal },
    windowSeconds: window.seconds,
  };
  const elsewhere = here
    ? undefined
    : ((await watch.usersOf?.(backend, onThreads)) ?? new ThreadedCrowd(onThreads));
  const crowd: CrowdView = here ?? elsewhere!;
  later(async () => crowd.stop());
  await abortable(
    crowd.arrive((done, text) => options.progress({ phase: 'arrive', done: done * 0.1, text })),
    signal,
  );

  const measurements = new Measurements({ windowSeconds: window.seconds });
  const tracker = new DisturbanceTracker(crowd);
  crowd.startLoad();
  if (here) watch.onLoad?.(here);
  const windowStartMs = crowd.windowStartMs;
  const atSeconds = (): number => (clock.monotonicMs() - windowStartMs) / 1000;
  crowd.onLag = (lagMs, dueMs) =>
    measurements.record('generator_lag', lagMs, {}, (dueMs - windowStartMs) / 1000);
  const meterHere = meterThread();
  const machine = meterMachine();

  const figures = options.observe && new RunningFigures(crowd, tracker, window.seconds);
  const { endNow } = options;
  let records: FaultRecord[] = [];
  const playing = backend.play(windowStartMs, {
    struck: (fault) => tracker.struck(fault, clock.monotonicMs()),
    healed: (fault) => {
      tracker.healed(fault, clock.monotonicMs());
      const dc = lostDc(fault);
      if (dc !== undefined) watch.onReturned?.(dc, clock.monotonicMs());
    },
  });
  const faults = playing.then((all) => {
    records = all;
  });

  const endMs = windowStartMs + window.seconds * 1000;
  const waiting = backend.backlogs((dc, count) => {
    const tags = { dc: String(dc) };
    const at = Math.max(0, atSeconds());
    for (const each of [measurements, figures?.measurements])
      each?.gauge('backlog', count, tags, at);
  });
  const cpuBefore = await cpuOf(cluster, dcs);
  for (;;) {
    await Promise.race([pause(CHECK_MS, signal), ...(elsewhere ? [elsewhere.failure] : [])]);
    elsewhere?.look();
    tracker.check(clock.monotonicMs());
    await waiting.look(signal);
    if (figures) {
      const { inForce } = tracker;
      options.observe?.({ atSeconds: atSeconds(), measurements: figures.measurements, inForce });
    }
    if (endNow?.aborted) break;
    const done = Math.min(1, (clock.monotonicMs() - windowStartMs) / (window.seconds * 1000));
    const sent = measurements.summary('generator_lag', {})?.count ?? 0;
    const text = `${sent} messages, ${waiting.waiting} waiting`;
    options.progress({ phase: 'load', done: 0.1 + Math.max(0, done) * 0.8, text });
    const over = clock.monotonicMs() > endMs;
    if (over && crowd.settled && tracker.open === 0) break;
    if (clock.monotonicMs() > endMs + SETTLE_MS) break;
  }
  const ended = clock.monotonicMs();
  const ownMeter = meterHere();
  const machineBusyShare = machine();
  await abortable(faults, signal);
  const disturbances = tracker.finish(clock.monotonicMs());
  const unsettled = crowd.ledger.unsettled().length;
  const cpuAfter = await cpuOf(cluster, dcs);
  const endedEarly = endNow?.aborted === true;
  // Users on threads have all their messages in the ledger, those of the future, too.
  const entries = crowd.ledger.entries.filter(({ dueMs }) => dueMs <= ended);
  const measured = {
    windowStartMs,
    person: (index: number) => crowd.person(index),
    ledger: { entries },
  };
  measureLedger(measured, disturbances, measurements, !endedEarly);
  const voidReasons: string[] = [];
  if (!endedEarly) {
    try {
      const tell = (done: number, text: string): void =>
        options.progress({ phase: 'audit', done: 0.9 + done / 10, text });
      await abortable(crowd.audit(tell), signal);
      measureAudit(crowd, measurements, window.seconds);
    } catch (error) {
      signal.throwIfAborted();
      voidReasons.push(`the boxes could not be compared: ${(error as Error).message}`);
    }
  }
  const disk = await backend.disk();
  const meters = elsewhere?.meters ?? [ownMeter];
  const seconds = Math.min(window.seconds, (ended - windowStartMs) / 1000);
  const generator = generatorOf(measurements, meters, machineBusyShare, seconds);
  voidReasons.push(...bottlenecks(generator));
  voidReasons.push(...(await backend.troubles()));
  if (unsettled > 0 && !endedEarly) {
    voidReasons.push(
      `${unsettled} messages had not settled ${SETTLE_MS / 1000} s after the window`,
    );
  }
  return {
    world: 'live',
    measurements,
    digest: load.digest,
    messages: entries.filter((entry) => entry.measured).length,
    wallSeconds: (performance.now() - startedMs) / 1000,
    faults: records,
    voidReasons,
    slowReasons: diskStalls(disk),
    endedEarly,
    notes: [
      `${load.people.length} of ${scenario.traffic.users.toLocaleString('en')} users (${load.scale})`,
      `${options.toxiproxy} toxiproxy on every link; access ${topology.access.medianMs} ± ${topology.access.jitterMs} ms, whichever DC a device connects to`,
      `datacentres used ${((cpuAfter - cpuBefore) / 1e6).toFixed(1)} s of CPU during the load`,
      // Threads tell how they fared when they end: not of a run that ended before them.
      ...(meters.length > 0 ? [generatorNote(generator)] : []),
      ...(disk ? [diskNote(disk)] : []),
      ...(watch.notesOf?.() ?? []),
      ...load.notes,
      ...crowd.ledger.violations.slice(0, VIOLATIONS_SHOWN).map(({ text }) => text),
    ],
  };
}

/** As many as the users need, and the machine has. */
function threadsFor(users: number, workers: number): number {
  return Math.max(1, Math.min(workers, Math.ceil(users / USERS_PER_THREAD)));
}

async function crowdHere(
  options: Omit<CrowdOptions, 'networkOf' | 'randomnessOf' | 'crypto' | 'rsaPublicKeys'>,
  rsaPublicKeyPem: string,
  later: Later,
): Promise<Crowd> {
  const network = createNodeNetwork();
  later(() => network.close());
  const randomness = createNodeRandomness();
  return new Crowd({
    ...options,
    networkOf: () => network,
    randomnessOf: () => randomness,
    crypto: await loadCrypto(),
    rsaPublicKeys: [new RsaPublicKey(rsaPublicKeyPem)],
  });
}

function generatorOf(
  measurements: Measurements,
  threads: readonly ThreadMeter[],
  machineBusyShare: number,
  windowSeconds: number,
): GeneratorFigures {
  return {
    ...{ threads, machineBusyShare, windowSeconds },
    lagP99Ms: measurements.summary('generator_lag', {})?.p99,
    offered: measurements.summary('messages_offered', {})?.count ?? 0,
    sent: measurements.summary('messages_sent', {})?.count ?? 0,
  };
}
