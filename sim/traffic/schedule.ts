/**
 * The traffic of a scaled world, message by message: who writes to whom, when, and how much. A
 * consistent sample of the planet's people with its shares of DCs, its load over the window (shapes
 * and series included), its mixing of DCs and its uneven habits; only rate and head count are
 * smaller. Messages of every kind are written one to one here; bot calls are none.
 *
 *     const size = { users: 300, messagesPerSecond: 60 };
 *     const schedule = new MessageSchedule({ topology, traffic, window, seed, ...size });
 *     for (const message of schedule.messages()) { ... }   // in order of time, lazily
 */
import { AliasTable } from '../core/alias-table.ts';
import { exponential, poisson, uniform53 } from '../core/draws.ts';
import { keyOfSeed } from '../core/seed.ts';
import { randomStream } from '../core/streams.ts';
import type { WordSource } from '../core/xoshiro.ts';
import { largestRemainder } from './cities.ts';
import { BOT, KINDS } from './kinds.ts';
import { Population } from './population.ts';
import { type LoadInput, loadOf, type ScenarioLoad } from './scenario-load.ts';
import { TEXT_BYTES_MAX } from './sizes.ts';

export interface ScheduleInput extends LoadInput {
  readonly traffic: LoadInput['traffic'] & { readonly textBytes: number };
  /** People of this world; at least two. */
  readonly users: number;
  /** Mean over the window. */
  readonly messagesPerSecond: number;
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
  readonly load: ScenarioLoad;
  private readonly recipientDcs: readonly AliasTable[];
  /** Person index at which each DC begins, by DC index. */
  private readonly dcStarts: readonly number[];
  private readonly byWeight: readonly (AliasTable | undefined)[];
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
    this.load = loadOf(input);
    const { dcCount } = this.load;
    const counts = headCounts(population, dcCount, input.users);
    const chosen = counts.map((count, dc) => choose(population, dc, count));
    this.input = input;
    this.recipientDcs = recipientChoices(this.load.mixing, counts);
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
    let planet = 0;
    const seconds = Math.ceil(window.seconds);
    for (let second = 0; second < seconds; second++) planet += this.load.planetRate(second);
    if (!(planet > 0)) throw new RangeError('schedule: the load has no messages in the window');
    this.scale = (input.messagesPerSecond * seconds) / planet;
  }

  /** Every message of warm-up and window, in order of time; the same again on every call. */
  *messages(): Generator<ScheduledMessage> {
    const { window, seed } = this.input;
    const words = randomStream(keyOfSeed(seed), 'schedule.messages');
    const { dcCount } = this.load;
    const all = new Float64Array(KINDS.length * dcCount);
    let sequence = 0;
    for (let second = -Math.ceil(window.warmupSeconds); second < window.seconds; second++) {
      this.load.ratesAt(second, all);
      const byDc = messagesByDc(all, dcCount);
      const planet = byDc.reduce((sum, rate) => sum + rate, 0);
      const dues = Array.from(
        { length: poisson(words, planet * this.scale) },
        () => (second + uniform53(words)) * 1000,
      );
      if (dues.length === 0) continue;
      const senders = new AliasTable(sendingDcs(byDc, this.byWeight));
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

  /** A DC by the mixing matrix, then a person there by weight; never the sender. */
  private recipientOf(from: number, sender: number, words: WordSource): number {
    const dc = this.recipientDcs[from]!.sample(words);
    for (;;) {
      const recipient = this.dcStarts[dc]! + this.byWeight[dc]!.sample(words);
      if (recipient !== sender) return recipient;
    }
  }
}

/** Of rates by kind and DC: messages by DC, bot calls not among them. */
function messagesByDc(rates: Float64Array, dcCount: number): number[] {
  return Array.from({ length: dcCount }, (_, dc) => {
    let sum = 0;
    for (let kind = 0; kind < KINDS.length; kind++) {
      if (kind !== BOT) sum += rates[kind * dcCount + dc]!;
    }
    return sum;
  });
}

/** The rates of the DCs where somebody is; of all who are there where only the others send. */
function sendingDcs(rates: readonly number[], people: readonly unknown[]): number[] {
  const here = rates.map((rate, dc) => (people[dc] === undefined ? 0 : rate));
  if (here.some((rate) => rate > 0)) return here;
  return people.map((some) => (some === undefined ? 0 : 1));
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
