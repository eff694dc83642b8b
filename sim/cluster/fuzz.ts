/**
 * Looks for a seed under which the backend breaks a promise. Each seed draws its own world: how
 * many users, how fast they write, and which faults strike when (swarm testing: every seed has only
 * some kinds of faults). A failure carries the command that replays it.
 */
import type { Fault } from '../../chaos/plan.ts';
import type { MtprotoCrypto } from '../../system-under-test/mtproto/crypto.ts';
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import { Digest } from '../core/digest.ts';
import { intBelow, uniform53 } from '../core/draws.ts';
import { keyOfSeed } from '../core/seed.ts';
import { randomStream } from '../core/streams.ts';
import type { WordSource } from '../core/xoshiro.ts';
import type { CrowdPerson, DueMessage } from '../users/crowd.ts';
import { runCluster } from './run-cluster.ts';
import { VirtualLoopError } from './virtual-loop.ts';
import { DISK_DEFAULT, type DiskCharacter } from './virtual-store.ts';

export interface FuzzOptions {
  readonly topology: Topology;
  readonly crypto: MtprotoCrypto;
  /** Seeds are `${base}-0`, `${base}-1`, ... */
  readonly base: string;
  readonly from: number;
  readonly seeds: number;
  /** Stop at the first failure. */
  readonly stopAtFirst: boolean;
  readonly signal?: AbortSignal;
  readonly onSeed?: (done: number, failures: number) => void;
}

export interface FuzzFailure {
  readonly seed: string;
  readonly invariant: string;
  readonly text: string;
  /** Command that shows it again. */
  readonly replay: string;
}

export interface FuzzResult {
  readonly seeds: number;
  readonly failures: readonly FuzzFailure[];
  /** How often each kind of fault really struck. */
  readonly faultsFired: Readonly<Record<string, number>>;
  readonly digest: string;
  readonly messages: number;
  readonly events: number;
}

export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const failures: FuzzFailure[] = [];
  const faultsFired: Record<string, number> = {};
  const digest = new Digest();
  let [seeds, messages, events] = [0, 0, 0];
  for (let index = 0; index < options.seeds; index++) {
    options.signal?.throwIfAborted();
    const seed = `${options.base}-${options.from + index}`;
    const outcome = await fuzzSeed(seed, options);
    seeds++;
    messages += outcome.messages;
    events += outcome.events;
    digest.text(seed).text(outcome.digest);
    for (const kind of outcome.fired) faultsFired[kind] = (faultsFired[kind] ?? 0) + 1;
    if (outcome.failure) {
      const replay = replayCommand(options, options.from + index);
      failures.push({ seed, ...outcome.failure, replay });
    }
    options.onSeed?.(seeds, failures.length);
    if (failures.length > 0 && options.stopAtFirst) break;
  }
  return { seeds, failures, faultsFired, digest: digest.hex(), messages, events };
}

function replayCommand({ base }: FuzzOptions, index: number): string {
  return `quincunx fuzz --seed ${shellWord(base)} --from ${index} --seeds 1`;
}

const shellWord = (text: string): string =>
  /^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

interface SeedOutcome {
  readonly digest: string;
  readonly messages: number;
  readonly events: number;
  readonly fired: readonly string[];
  readonly failure: { readonly invariant: string; readonly text: string } | undefined;
}

/** Sizes of a seed's world. Small worlds and short windows: many different ones find more. */
const SIZES = {
  usersMin: 5,
  usersMax: 20,
  perSecondMin: 2,
  perSecondMax: 20,
  windowSeconds: 20,
  faultsMax: 3,
};

export async function fuzzSeed(
  seed: string,
  options: Pick<FuzzOptions, 'topology' | 'crypto' | 'signal'> & {
    readonly progress?: (phase: string, done: number, text: string) => void;
  },
): Promise<SeedOutcome> {
  const { topology, crypto, signal } = options;
  const random = randomStream(keyOfSeed(seed), 'fuzz.world');
  const people = drawPeople(random, dcIds(topology));
  const messages = drawMessages(random, people.length);
  const faults = drawFaults(random, dcIds(topology));
  try {
    const disk = drawDisk(random);
    const run = await runCluster({
      disk,
      topology,
      people,
      messages,
      warmupSeconds: 0,
      windowSeconds: SIZES.windowSeconds,
      faults,
      seed,
      crypto,
      ...(signal ? { signal } : {}),
      ...(options.progress ? { progress: options.progress } : {}),
    });
    const missed = run.faults.filter((record) => record.firedAtSeconds === undefined);
    const violation = run.crowd.ledger.violations[0];
    let failure: SeedOutcome['failure'];
    if (violation) failure = violation;
    else if (run.unsettled > 0) {
      const text = `${run.unsettled} messages never settled although every fault had healed`;
      failure = { invariant: 'liveness', text };
    } else if (missed.length > 0) {
      failure = { invariant: 'harness', text: `${missed.length} planned faults never fired` };
    }
    return {
      digest: run.digest,
      messages: messages.length,
      events: run.events,
      fired: run.faults.flatMap(({ fault, firedAtSeconds }) =>
        firedAtSeconds === undefined ? [] : [fault.kind],
      ),
      failure,
    };
  } catch (error) {
    if (!(error instanceof VirtualLoopError)) throw error;
    // Code under test threw, or waits for something that will never happen.
    const failure = { invariant: 'no exception', text: error.message };
    return { digest: '', messages: messages.length, events: 0, fired: [], failure };
  }
}

function between(random: WordSource, min: number, max: number): number {
  return min + intBelow(random, max - min + 1);
}

function drawPeople(random: WordSource, dcs: readonly number[]): CrowdPerson[] {
  const people: CrowdPerson[] = [];
  const perDc = new Map<number, number>();
  for (let index = between(random, SIZES.usersMin, SIZES.usersMax); index > 0; index--) {
    const homeDc = dcs[intBelow(random, dcs.length)] ?? 1;
    const number = perDc.get(homeDc) ?? 0;
    perDc.set(homeDc, number + 1);
    const phone = `99966${homeDc}${String(number).padStart(4, '0')}`;
    people.push({ index: people.length, homeDc, phone, name: `user ${people.length}` });
  }
  return people;
}

function drawMessages(random: WordSource, users: number): DueMessage[] {
  const perSecond = between(random, SIZES.perSecondMin, SIZES.perSecondMax);
  const count = perSecond * SIZES.windowSeconds;
  const dues = Array.from({ length: count }, () => uniform53(random) * SIZES.windowSeconds * 1000);
  dues.sort((a, b) => a - b);
  return dues.map((dueMs) => {
    const sender = intBelow(random, users);
    const recipient = (sender + 1 + intBelow(random, users - 1)) % users;
    return { dueMs, sender, recipient, textBytes: between(random, 12, 200) };
  });
}

/** From a fast drive to one that is all but broken: what waits for a sync waits visibly long. */
function drawDisk(random: WordSource): DiskCharacter {
  const syncMsMin = [0.3, 2, 20][intBelow(random, 3)] ?? 0.3;
  return { ...DISK_DEFAULT, syncMsMin, syncMsMax: syncMsMin * between(random, 2, 5) };
}

const DRAWN_KINDS = ['dc_loss', 'dc_crash', 'partition', 'slow_link'] as const;

/** Some kinds only, in each seed; sometimes none, so that the calm is tested too. */
function drawFaults(random: WordSource, dcs: readonly number[]): Fault[] {
  const kinds = DRAWN_KINDS.filter(() => intBelow(random, 2) === 0);
  if (kinds.length === 0) return [];
  const count = between(random, 1, SIZES.faultsMax);
  return Array.from({ length: count }, () => drawFault(random, dcs, kinds));
}

function drawFault(
  random: WordSource,
  dcs: readonly number[],
  kinds: readonly (typeof DRAWN_KINDS)[number][],
): Fault {
  const kind = kinds[intBelow(random, kinds.length)] ?? 'dc_loss';
  const atSeconds = between(random, 1, 12);
  const forSeconds = between(random, 1, SIZES.windowSeconds - atSeconds - 1);
  const timed = { atSeconds, forSeconds };
  const dc = dcs[intBelow(random, dcs.length)] ?? 1;
  const others = dcs.filter((each) => each !== dc);
  const other = others[intBelow(random, others.length)] ?? 2;
  switch (kind) {
    case 'dc_loss':
    case 'dc_crash':
      return { kind, dc, ...timed };
    case 'partition': {
      const alone = intBelow(random, 2) === 0 ? [dc] : [dc, other];
      return { kind, groups: [alone, dcs.filter((each) => !alone.includes(each))], ...timed };
    }
    case 'slow_link':
      return { kind, from: dc, to: other, addedMs: between(random, 50, 2_000), ...timed };
  }
}
