/**
 * The scaled load of a scenario, for the worlds in which people really exist: the same people and
 * the same messages for the cluster and the live world, where their sizes are the same.
 */
import { Digest } from '../../sim/core/digest.ts';
import { uniform53 } from '../../sim/core/draws.ts';
import { keyOfSeed } from '../../sim/core/seed.ts';
import { deriveKey, drawWords, randomStream } from '../../sim/core/streams.ts';
import {
  type Conversed,
  leadSeconds,
  thinkText,
  withAnswers,
} from '../../sim/traffic/conversations.ts';
import { KINDS } from '../../sim/traffic/kinds.ts';
import type { ScenarioLoad } from '../../sim/traffic/scenario-load.ts';
import {
  MessageSchedule,
  type ScheduledMessage,
  type ScheduleInput,
} from '../../sim/traffic/schedule.ts';
import type { CrowdPerson, DueMessage } from '../../sim/users/crowd.ts';
import { dcIds } from '../../system-under-test/topology.ts';
import { type LiveSize, type Scenario, ScenarioError, type WorldSize } from '../define.ts';
import { loadInput } from '../load-input.ts';

export interface ScaledLoad {
  readonly people: readonly CrowdPerson[];
  /** Times count from the start of the load, warm-up included. */
  readonly messages: readonly DueMessage[];
  /** Hex, over people, messages and faults. */
  readonly digest: string;
  /** "1:N" of the planet's users. */
  readonly scale: string;
  /** What a reader must know of the traffic. */
  readonly notes: readonly string[];
}

export function scaledLoad(
  scenario: Scenario,
  size: Required<WorldSize> & Pick<LiveSize, 'rampSeconds'>,
  seed: string,
): ScaledLoad {
  const { traffic, window } = scenario;
  const input = loadInput(scenario, seed);
  const { textBytes: meanBytes } = traffic;
  const scheduled = { ...input, traffic: { ...input.traffic, textBytes: meanBytes }, ...size };
  const schedule = new MessageSchedule(scheduled);
  const digest = new Digest();
  const servedAt = travels(scenario, seed);
  const people = schedule.people.map((person): CrowdPerson => {
    if (person.testPhone === undefined) {
      const why = `DC ${person.homeDc} has no test numbers for more than 10,000 of them`;
      throw new ScenarioError([`${schedule.people.length} users: ${why}; use fewer`]);
    }
    digest.text(person.testPhone);
    const { index, homeDc, name } = person;
    const connectsTo = servedAt(person.planetIndex, homeDc);
    if (connectsTo !== homeDc) digest.integers([index, connectsTo]);
    return { index, homeDc, name, phone: person.testPhone, connectsTo };
  });
  const rampSeconds = size.rampSeconds ?? 0;
  const { conversations } = traffic;
  const written: Iterable<Conversed> = conversations
    ? conversing(scheduled, rampSeconds, scenario, seed)
    : ramped(schedule.messages(), rampSeconds, scenario, seed);
  let answers = 0;
  const messages = Array.from(written, (message): DueMessage => {
    if (message.answers) answers++;
    const dueMs = message.dueMs + window.warmupSeconds * 1000;
    const { sender, recipient, textBytes } = message;
    digest.integers([Math.round(dueMs * 1000), sender, recipient, textBytes]);
    return { dueMs, sender, recipient, textBytes: Math.max(textBytes, TEXT_BYTES_MIN) };
  });
  digest.text(JSON.stringify(scenario.faults));
  const scale = `1:${Math.round(traffic.users / people.length)}`;
  const notes = notesOf(schedule.load);
  if (conversations) {
    const think = thinkText(conversations);
    notes.push(`${answers} of ${messages.length} messages answer another, ${think}`);
  }
  const abroad = people.filter(({ homeDc, connectsTo }) => connectsTo !== homeDc).length;
  if (abroad > 0) notes.push(`${abroad} people are abroad: another datacentre serves them`);
  return { people, messages, digest: digest.hex(), scale, notes };
}

/** Of the first seconds of the warm-up only a share that grows from nothing to all. */
function* ramped(
  messages: Iterable<ScheduledMessage>,
  rampSeconds: number,
  { window }: Scenario,
  seed: string,
): Generator<ScheduledMessage> {
  const draws = deriveKey(keyOfSeed(seed), 'load.ramp');
  for (const message of messages) {
    const atSeconds = message.dueMs / 1000 + window.warmupSeconds;
    const share = rampSeconds > 0 ? atSeconds / rampSeconds : 1;
    if (share >= 1 || drawWords(draws, message.sequence)[0] < share * 2 ** 32) yield message;
  }
}

/**
 * The messages with answers among them. Conversations have begun before the load does, unless the
 * load itself begins with a ramp.
 */
function* conversing(
  input: ScheduleInput,
  rampSeconds: number,
  scenario: Scenario,
  seed: string,
): Generator<Conversed> {
  const { window, traffic } = scenario;
  const conversations = traffic.conversations!;
  const lead = rampSeconds > 0 ? 0 : leadSeconds(conversations);
  const warmupSeconds = window.warmupSeconds + lead;
  const earlier = new MessageSchedule({ ...input, window: { ...input.window, warmupSeconds } });
  const answered = withAnswers(ramped(earlier.messages(), rampSeconds, scenario, seed), {
    ...conversations,
    words: randomStream(keyOfSeed(seed), 'load.conversations'),
    textBytes: traffic.textBytes,
    fromMs: -Math.ceil(warmupSeconds) * 1_000,
    untilMs: window.seconds * 1_000,
  });
  for (const message of answered) if (message.dueMs >= -window.warmupSeconds * 1_000) yield message;
}

/**
 * Which DC a person's devices connect to. Who travels is the same in a world of any size; where to,
 * is any other DC with equal chance (assumed).
 */
function travels(
  { traffic, topology }: Scenario,
  seed: string,
): (planetIndex: number, homeDc: number) => number {
  const { travellersShare } = traffic;
  if (travellersShare === 0) return (_, homeDc) => homeDc;
  const key = keyOfSeed(seed);
  return (planetIndex, homeDc) => {
    const words = randomStream(key, 'person.travels', planetIndex);
    if (uniform53(words) >= travellersShare) return homeDc;
    const others = dcIds(topology).filter((dc) => dc !== homeDc);
    return others[Math.floor(uniform53(words) * others.length)] ?? homeDc;
  };
}

/** What becomes of kinds and requests in a world that has people writing to each other only. */
function notesOf(load: ScenarioLoad): string[] {
  const notes = [...load.notes];
  const kinds = KINDS.filter((kind) => kind !== 'bot' && load.mix[kind] > 0);
  if (kinds.length > 1 || load.hubs.length > 0) {
    notes.push('messages of every kind are written one to one here; the model carries the kinds');
  }
  const storms = load.shapes.some(
    ({ kind, addRequests }) => kind === 'bot_storm' || addRequests !== undefined,
  );
  if (load.mix.bot > 0 || storms) {
    notes.push('bot calls and requests beside messages are not in this world');
  }
  return notes;
}

/** Every text carries its number, by which it is recognised when it arrives. */
const TEXT_BYTES_MIN = 12;
