/**
 * The live world with a backend of one's own: virtual users on worker threads, behind a driver.
 * Its phases: setup (the driver's own), connect (everyone), ramp and hold (of which the warm-up is
 * in no figure), drain, in which nothing is sent and what is under way may arrive, and teardown.
 * There are no datacentres of ours in it, so nothing is known of paths, backlogs or replicas, and
 * nothing can be broken.
 */
import { randomBytes } from 'node:crypto';
import { Measurements } from '../../reports/measurements.ts';
import { METRICS, type MetricName } from '../../reports/metrics.ts';
import { parseSelection } from '../../reports/tags.ts';
import { createCommonClock } from '../../sim/parallel/common-clock.ts';
import {
  type LoadThreads,
  meterMachine,
  startLoadThreads,
} from '../../sim/parallel/load-threads.ts';
import type { LoadReport } from '../../sim/parallel/load-worker.ts';
import type { DriverUser } from '../../sim/users/driver.ts';
import { type LoadBook, REFUSED, sharedBook } from '../../sim/users/load-book.ts';
import { PeopleWords } from '../../sim/users/people-words.ts';
import { type Scenario, ScenarioError } from '../define.ts';
import { DriverError, type DriverFile, NO_FAULTS } from '../load/driver-file.ts';
import { bottlenecks, type GeneratorFigures, generatorNote } from '../load/honesty.ts';
import { type BookFigures, type BookTimes, measureBook } from '../load/measure-book.ts';
import { RunningBook } from '../load/running-book.ts';
import { setUp, tearDown } from '../load/setup.ts';
import { abortable, pause } from './live-waiting.ts';
import { type ScaledLoad, scaledLoad } from './load.ts';
import type { World, WorldOptions, WorldRun } from './world.ts';

export interface DriverLoad {
  readonly driver: DriverFile;
  /** See target.ts: of this machine. */
  readonly target: string;
  /** Default: the run's workers but one, since what is under test needs a core, too. */
  readonly threads?: number;
}

/** Threads look at the control so often; they must all know before the load begins. */
const LEAD_MS = 250;
const LOOK_MS = 100;
const DRAIN_MS = 10_000;
const SHOWN_MAX = 10;

const KNOWN: readonly MetricName[] = [
  ...(['delivery_latency', 'generator_lag', 'messages_offered', 'messages_sent'] as const),
  ...(['messages_unsent', 'messages_delivered', 'messages_given_up', 'writes_lost'] as const),
  ...(['writes_doubled', 'order_violations'] as const),
];

/** The world rejects with `ScenarioError` where the scenario breaks something. */
export function driverWorld(load: DriverLoad): World {
  return async (scenario, options) => {
    if (scenario.faults.length > 0) throw new ScenarioError([`faults: ${NO_FAULTS}`]);
    return runDriver(scenario, options, load);
  };
}

async function runDriver(
  scenario: Scenario,
  options: WorldOptions,
  load: DriverLoad,
): Promise<WorldRun> {
  const { seed, signal, progress } = options;
  const { driver, target } = load;
  const scaled = scaledLoad(scenario, scenario.worlds.live, seed);
  const names = new PeopleWords(seed).names(scaled.people.length);
  const users = names.map((name, index) => ({ index, name, target }));
  const failure = (why: string, cause?: unknown): DriverError =>
    new DriverError(`driver ${driver.name}: ${why}`, { cause });
  if (driver.driver.setup) progress({ phase: 'setup', done: 0, text: `driver ${driver.name}` });
  const data = await setUp(driver.driver, { users, target, signal }).catch((error: Error) => {
    signal.throwIfAborted();
    throw failure(error.message, error);
  });
  const undo = async (): Promise<string | undefined> => {
    if (driver.driver.teardown) progress({ phase: 'teardown', done: 1, text: driver.name });
    return tearDown(driver.driver, data, { users, target });
  };
  let run: WorldRun;
  try {
    run = await runLoad(scenario, options, load, { ...scaled, users, data });
  } catch (error) {
    const left = await undo();
    signal.throwIfAborted();
    const why = (error as Error).message;
    throw failure(left === undefined ? why : `${why}; and ${left}`, error);
  }
  const left = await undo();
  if (left === undefined) return run;
  return { ...run, voidReasons: [...run.voidReasons, `driver ${driver.name}: ${left}`] };
}

/** Everything between setup and teardown. */
async function runLoad(
  scenario: Scenario,
  options: WorldOptions,
  { driver, target, threads = Math.max(1, options.workers - 1) }: DriverLoad,
  load: ScaledLoad & { readonly users: readonly DriverUser[]; readonly data: unknown },
): Promise<WorldRun> {
  const startedMs = performance.now();
  const { window, traffic } = scenario;
  const { signal, seed, progress } = options;
  const people = load.people.length;
  const ended = new AbortController();
  const running = startLoadThreads({
    ...{ seed, driver: driver.module, users: load.users, data: load.data },
    threads: Math.min(threads, people),
    book: sharedBook(load.messages),
    run: randomBytes(4).toString('hex'),
    signal: AbortSignal.any([signal, ended.signal]),
  });
  try {
    const { book, control, finished } = running;
    while (!control.allAre('ready')) {
      await Promise.race([pause(LOOK_MS, signal), finished]);
      const text = `${control.done} of ${people} users connected to ${target}`;
      progress({ phase: 'connect', done: (control.done / people) * 0.1, text });
    }
    const { times, machineBusyShare } = await lead(running, scenario, options);
    control.stop();
    const reports = await abortable(finished, signal);
    const measurements = new Measurements({ windowSeconds: window.seconds });
    const figures = measureBook(book, times, driver.acknowledges, measurements);
    const generator: GeneratorFigures = {
      threads: reports.map(({ meter }) => meter),
      machineBusyShare,
      windowSeconds: Math.min(window.seconds, secondsOf(times)),
      lagP99Ms: measurements.summary('generator_lag', {})?.p99,
      ...figures,
    };
    const notJudged = notJudgedOf(scenario, driver);
    const voidReasons = [...bottlenecks(generator), ...unreadBoxes(reports)];
    if (Object.keys(scenario.slos).every((key) => notJudged[key] !== undefined)) {
      voidReasons.push('none of the SLOs can be judged of a backend behind a driver');
    }
    return {
      world: 'live',
      measurements,
      digest: load.digest,
      messages: figures.offered,
      wallSeconds: (performance.now() - startedMs) / 1_000,
      faults: [],
      voidReasons,
      notJudged,
      endedEarly: times.endedEarly,
      notes: [
        `${people} of ${traffic.users.toLocaleString('en')} users (${load.scale}), driver ${driver.name}, ${target}`,
        generatorNote(generator),
        ...lossNotes(figures, driver),
        ...troubles(reports),
        ...load.notes,
      ],
    };
  } finally {
    ended.abort(new Error('the run is over'));
  }
}

interface Led {
  readonly times: Required<BookTimes>;
  readonly machineBusyShare: number;
}

/** From the start of the load until everything has arrived, or is waited for no longer. */
async function lead(
  { book, control, finished }: LoadThreads,
  { window, worlds }: Scenario,
  { signal, progress, observe, endNow }: WorldOptions,
): Promise<Led> {
  const clock = createCommonClock();
  const startMs = clock.monotonicMs() + LEAD_MS;
  const warmupMs = window.warmupSeconds * 1_000;
  const windowStartMs = startMs + warmupMs;
  const windowEndMs = windowStartMs + window.seconds * 1_000;
  const { rampSeconds } = worlds.live;
  const rampEndMs = rampSeconds > 0 ? startMs + rampSeconds * 1_000 : 0;
  control.start(startMs, windowStartMs, windowEndMs);
  const figures = observe && new RunningBook(book, { startMs, warmupMs }, window.seconds);
  let lookedAt = Number.NEGATIVE_INFINITY;
  const look = (): void => {
    const atSeconds = (clock.monotonicMs() - windowStartMs) / 1_000;
    if (!figures || atSeconds < lookedAt + 1) return;
    lookedAt = Math.floor(atSeconds);
    figures.look();
    observe?.({ atSeconds, measurements: figures.measurements, inForce: [] });
  };
  const untilMs = async (ms: number): Promise<void> => {
    for (let left = ms - clock.monotonicMs(); left > 0; left = ms - clock.monotonicMs()) {
      if (endNow?.aborted) return;
      // A thread that fails ends the run at once.
      await Promise.race([pause(Math.min(LOOK_MS, left), signal), finished]);
      look();
      const nowMs = clock.monotonicMs();
      const share = (nowMs - startMs) / (windowEndMs - startMs);
      const phase = nowMs < rampEndMs ? 'ramp' : 'hold';
      const seconds = (nowMs - windowStartMs) / 1_000;
      const text = seconds < 0 ? 'warm-up' : `${Math.floor(seconds)} of ${window.seconds} s`;
      progress({ phase, done: 0.1 + Math.min(1, Math.max(0, share)) * 0.8, text });
    }
  };
  await untilMs(windowStartMs);
  const machine = meterMachine();
  await untilMs(windowEndMs);
  const machineBusyShare = machine();
  const open = new OpenMessages(book);
  while (clock.monotonicMs() < windowEndMs + DRAIN_MS && !endNow?.aborted) {
    progress({ phase: 'drain', done: 0.9, text: 'what is under way may arrive' });
    if (control.allAre('sent') && open.count() === 0) break;
    await Promise.race([pause(LOOK_MS, signal), finished]);
    look();
  }
  const [endMs, endedEarly] = [clock.monotonicMs(), endNow?.aborted === true];
  return { times: { startMs, warmupMs, endMs, endedEarly }, machineBusyShare };
}

/** How much of the window there was, at most. */
function secondsOf({ startMs, warmupMs, endMs }: BookTimes): number {
  return Math.max(0, endMs - startMs - warmupMs) / 1_000;
}

/** Messages that were sent and have not arrived; looks at each only until it has. */
class OpenMessages {
  readonly #book: LoadBook;
  #open: number[];

  constructor(book: LoadBook) {
    this.#book = book;
    this.#open = Array.from({ length: book.count }, (_, n) => n);
  }

  count(): number {
    const { arrivedMs, refused } = this.#book;
    this.#open = this.#open.filter((n) => arrivedMs[n] === 0 && refused[n] === REFUSED.no);
    return this.#open.length;
  }
}

/** By the SLO as it is written, since only some of a metric's tags may be unknown. */
function notJudgedOf({ slos }: Scenario, driver: DriverFile): Record<string, string> {
  const reasons: Record<string, string> = {};
  for (const key of Object.keys(slos)) {
    const { metric, tags = {} } = parseSelection(key) ?? {};
    const name = metric as MetricName;
    const tag = Object.keys(tags).find((each) => Object.hasOwn(METRICS[name].tags, each));
    if (name === 'ack_latency' && !driver.acknowledges) {
      reasons[key] = `driver ${driver.name} tells of no acknowledgements`;
    } else if (name !== 'ack_latency' && !KNOWN.includes(name)) {
      reasons[key] = 'a backend behind a driver does not show it';
    } else if (tag !== undefined) {
      reasons[key] = `a backend behind a driver has no "${tag}"`;
    }
  }
  return reasons;
}

function lossNotes(figures: BookFigures, { acknowledges }: DriverFile): string[] {
  const { missing, lost, doubled, disordered } = figures;
  const some = (numbers: readonly number[]): string => {
    const shown = numbers.slice(0, SHOWN_MAX).join(', ');
    return numbers.length > SHOWN_MAX ? `${shown}, ...` : shown;
  };
  const notes: string[] = [];
  if (missing > 0) {
    const how = 'they count in the latencies with the time that they were waited for';
    notes.push(`${missing} messages were sent and did not arrive: ${how}`);
  }
  if (lost.length > 0) {
    notes.push(`${acknowledges ? 'acknowledged' : 'sent'} and lost: messages ${some(lost)}`);
  }
  if (doubled.length > 0) notes.push(`arrived more than once: messages ${some(doubled)}`);
  if (disordered.length > 0) notes.push(`came after later ones: messages ${some(disordered)}`);
  return notes;
}

/** What is not known to have arrived may be there all the same. */
function unreadBoxes(reports: readonly LoadReport[]): string[] {
  const [first, ...more] = reports.flatMap(({ boxProblems }) => boxProblems);
  if (first === undefined) return [];
  const others = more.length === 0 ? '' : `, and of ${more.length} others`;
  return [`boxes could not be read in the end: ${first}${others}`];
}

function troubles(reports: readonly LoadReport[]): string[] {
  const strays = reports.reduce((sum, each) => sum + each.strays, 0);
  const counts = new Map<string, number>();
  for (const [why, count] of reports.flatMap(({ reasons }) => reasons)) {
    counts.set(why, (counts.get(why) ?? 0) + count);
  }
  const all = [...counts].sort(([, a], [, b]) => b - a).slice(0, SHOWN_MAX);
  const shown = all.map(([why, count]) => `${why} (${count} times)`);
  return strays === 0 ? shown : [`${strays} messages reached somebody else`, ...shown];
}
