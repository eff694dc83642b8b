/**
 * The traffic of a scaled world, message by message: who writes to whom, when, and how much. A
 * consistent sample of the planet's people with its shares of DCs, its wave over the window, its
 * mixing of DCs and its uneven habits; only rate and head count are smaller.
 *
 *     const size = { users: 300, messagesPerSecond: 60 };
 *     const schedule = new MessageSchedule({ topology, traffic, window, seed, ...size });
 *     for (const message of schedule.messages()) { ... }   // in order of time, lazily
 */
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import { AliasTable } from '../core/alias-table.ts';
import { exponential, poisson, uniform53 } from '../core/draws.ts';
import { keyOfSeed } from '../core/seed.ts';
import { randomStream } from '../core/streams.ts';
import { secondsOfDay } from '../core/virtual-time.ts';
import type { WordSource } from '../core/xoshiro.ts';
import { Activity } from './activity.ts';
import { largestRemainder } from './cities.ts';
import { mixingMatrix } from './mixing.ts';
import { Population } from './population.ts';

export interface ScheduleInput {
  readonly topology: Topology;
  readonly traffic: {
    readonly users: number;
    readonly messagesPerDay: number;
    readonly textBytes: number;
  };
  readonly window: {
    readonly fromUtc: string;
    readonly seconds: number;
    readonly warmupSeconds: number;
  };
  /** People of this world; at least two. */
  readonly users: number;
  /** Mean over the window. */
  readonly messagesPerSecond: number;
  readonly seed: string;
}

export interface ScheduledPerson {
  /** 0 to users - 1: by DC, in the order of `topology.sites`. */
  readonly index: number;
  /** Who this is among everyone on the planet. */
  readonly planetIndex: number;
  /** DC id. */
  readonly homeDc: number;
  /** Number by the plan of this person's country; nobody's real one. */
  readonly phone: string;
  /** Number 99966XYYYY that signs in with a fixed code; undefined past 10,000 people of a DC. */
  readonly testPhone: string | undefined;
  readonly city: string;
  readonly name: string;
}

export interface ScheduledMessage {
  /** From the start of the measured window; negative during the warm-up. */
  readonly dueMs: number;
  readonly sender: number;
  readonly recipient: number;
  /** Length of the text, 1 to 4096. */
  readonly textBytes: number;
  /** 0, 1, 2, ... in order of time. */
  readonly sequence: number;
}

/** Longest text that Telegram takes, in characters. */
const TEXT_BYTES_MAX = 4096;
const TEST_PHONES_A_DC = 10_000;
/** Golden ratio less 1: multiples of it fill an interval evenly, however many are taken. */
const GOLDEN = 0.6180339887498949;

/** The test number of user `number` (0 to 9999) of a DC (1 to 9). */
export function testPhone(dc: number, number: number): string {
  if (!Number.isInteger(dc) || dc < 1 || dc > 9) {
    throw new RangeError(`test phone: DC ${dc} has none; use 1 to 9`);
  }
  if (!Number.isInteger(number) || number < 0 || number >= TEST_PHONES_A_DC) {
    throw new RangeError(`test phone: user ${number} has none; use 0 to ${TEST_PHONES_A_DC - 1}`);
  }
  return `99966${dc}${String(number).padStart(4, '0')}`;
}

export class MessageSchedule {
  readonly people: readonly ScheduledPerson[];
  private readonly input: ScheduleInput;
  private readonly activity: Activity;
  private readonly recipientDcs: readonly AliasTable[];
  /** Person index at which each DC begins, by DC index. */
  private readonly dcStarts: readonly number[];
  private readonly byWeight: readonly (AliasTable | undefined)[];
  private readonly fromUtcSecond: number;
  /** Messages a second of this world for one of the planet. */
  private readonly scale: number;

  constructor(input: ScheduleInput) {
    const { topology, traffic, window, seed } = input;
    if (!Number.isInteger(input.users) || input.users < 2 || input.users > traffic.users) {
      throw new RangeError(`schedule: ${input.users} users; use 2 to ${traffic.users}`);
    }
    if (!(input.messagesPerSecond > 0 && input.messagesPerSecond < 1e7)) {
      throw new RangeError(`schedule: ${input.messagesPerSecond} messages a second; use above 0`);
    }
    const population = new Population(topology, traffic.users, seed);
    const ids = dcIds(topology);
    const counts = headCounts(population, ids.length, input.users);
    const chosen = counts.map((count, dc) => choose(population, dc, count));
    this.input = input;
    this.activity = new Activity(population.world, ids.length, traffic.messagesPerDay);
    this.recipientDcs = recipientChoices(mixingMatrix(population.world, ids.length), counts);
    this.dcStarts = counts.map((_, dc) => counts.slice(0, dc).reduce((a, b) => a + b, 0));
    this.people = chosen.flatMap((indices, dc) =>
      indices.map((planetIndex, number) =>
        introduce(population, planetIndex, this.dcStarts[dc]! + number, number),
      ),
    );
    this.byWeight = chosen.map((indices) =>
      indices.length === 0
        ? undefined
        : new AliasTable(indices.map((index) => population.person(index).weight)),
    );
    this.fromUtcSecond = secondsOfDay(window.fromUtc);
    let planet = 0;
    const seconds = Math.ceil(window.seconds);
    for (let second = 0; second < seconds; second++) planet += this.planetRate(second);
    this.scale = (input.messagesPerSecond * seconds) / planet;
  }

  /** Every message of warm-up and window, in order of time; the same again on every call. */
  *messages(): Generator<ScheduledMessage> {
    const { window, seed } = this.input;
    const words = randomStream(keyOfSeed(seed), 'schedule.messages');
    let sequence = 0;
    for (let second = -Math.ceil(window.warmupSeconds); second < window.seconds; second++) {
      const rates = this.byWeight.map((people, dc) =>
        people ? this.activity.rateOf(dc, this.fromUtcSecond + second) : 0,
      );
      const senders = new AliasTable(rates);
      const dues = Array.from(
        { length: poisson(words, this.planetRate(second) * this.scale) },
        () => (second + uniform53(words)) * 1000,
      );
      dues.sort((a, b) => a - b);
      for (const dueMs of dues) {
        const from = senders.sample(words);
        const sender = this.dcStarts[from]! + this.byWeight[from]!.sample(words);
        const recipient = this.recipientOf(from, sender, words);
        const wanted = Math.round(exponential(words, this.input.traffic.textBytes));
        const textBytes = Math.min(TEXT_BYTES_MAX, Math.max(1, wanted));
        // Drawn all the same, so that a shorter window keeps the messages of a longer one.
        if (dueMs < -window.warmupSeconds * 1000 || dueMs >= window.seconds * 1000) continue;
        yield { dueMs, sender, recipient, textBytes, sequence: sequence++ };
      }
    }
  }

  private planetRate(second: number): number {
    return this.activity.planetRate(this.fromUtcSecond + second);
  }

  /** A DC by the mixing matrix, then a person there by weight; never the sender. */
  private recipientOf(from: number, sender: number, words: WordSource): number {
    const dc = this.recipientDcs[from]!.sample(words);
    for (;;) {
      const recipient = this.dcStarts[dc]! + this.byWeight[dc]!.sample(words);
      if (recipient !== sender) return recipient;
    }
  }
}

/** For each sender DC, how to choose the recipient's: where there is somebody other to write to. */
function recipientChoices(mixing: Float64Array, counts: readonly number[]): AliasTable[] {
  return counts.map((_, from) => {
    const shares = counts.map((count, to) =>
      count > (to === from ? 1 : 0) ? mixing[from * counts.length + to]! : 0,
    );
    const reachable = shares.some((share) => share > 0);
    return new AliasTable(reachable ? shares : counts.map((n, to) => (to === from ? 0 : n)));
  });
}

/** The planet's shares of DCs; everyone's home has somebody if there are people enough. */
function headCounts(population: Population, dcCount: number, users: number): number[] {
  const planet = Array.from({ length: dcCount }, (_, dc) => population.countOf(dc));
  return largestRemainder(planet, users).map((count, dc) => Math.min(count, planet[dc]!));
}

/**
 * `count` people of a DC, evenly among all of them. A world with more people keeps those of a world
 * with fewer: the n-th is always the same.
 */
function choose(population: Population, dc: number, count: number): number[] {
  const all = population.countOf(dc);
  const taken = new Set<number>();
  for (let k = 0; taken.size < count; k++) {
    const turn = (k + 0.5) * GOLDEN;
    let rank = Math.floor((turn - Math.floor(turn)) * all);
    while (taken.has(rank)) rank = (rank + 1) % all;
    taken.add(rank);
  }
  return [...taken].map((rank) => population.ofDc(dc, rank));
}

function introduce(
  population: Population,
  planetIndex: number,
  index: number,
  number: number,
): ScheduledPerson {
  const person = population.person(planetIndex);
  const { homeDc, phone } = person;
  const hasTestPhone = homeDc <= 9 && number < TEST_PHONES_A_DC;
  return {
    ...{ index, planetIndex, homeDc, phone },
    testPhone: hasTestPhone ? testPhone(homeDc, number) : undefined,
    city: person.city.name,
    name: `${person.city.name} ${number}`,
  };
}
