/**
 * Conversations: people read, think, and answer. Some messages answer others, with sender and
 * recipient swapped, a think time after the one that they answer was due; not after it arrived, so
 * that nobody waits for the system under test and the workload stays open. An answer takes the
 * place of the next message that would have begun a conversation: the rate, with all that shapes
 * it, stays as it was.
 *
 *     const words = randomStream(key, 'load.conversations');
 *     for (const message of withAnswers(schedule.messages(), settings)) ...   // in order of time
 */
import { exponential, lognormal, uniform53 } from '../core/draws.ts';
import { EventQueue } from '../core/event-queue.ts';
import { exactExp, exactLog } from '../core/exact-math.ts';
import type { WordSource } from '../core/xoshiro.ts';
import { TEXT_BYTES_MAX } from './sizes.ts';

export interface Conversations {
  /** Share of all messages, answers too, that are answered: 0 to 0.95. */
  readonly answeredShare: number;
  /** From when a message is due until its answer is: a lognormal law. Seconds. */
  readonly thinkSeconds: { readonly median: number; readonly p95: number };
}

/** Above them a typing mistake is likelier than a wish. */
export const CONVERSATION_LIMITS = {
  answeredShareMax: 0.95,
  medianMin: 0.1,
  medianMax: 600,
  p95Max: 3_600,
  /** Of p95 to median: beyond it a law is nearly all tail. */
  spreadMax: 50,
} as const;

/** A message as far as conversations are concerned. */
export interface Written {
  readonly dueMs: number;
  readonly sender: number;
  readonly recipient: number;
  readonly textBytes: number;
}

export interface Conversed extends Written {
  /** The message that this one answers. */
  readonly answers?: Conversed;
}

export interface ConversationSettings extends Conversations {
  readonly words: WordSource;
  /** Mean length of an answer; the law is that of other messages. */
  readonly textBytes: number;
  /** No message is due earlier, and answers due at `untilMs` or later are not written. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Standard normal quantiles (tables). */
const Z95 = 1.6448536269514722;
const Z99 = 2.3263478740408408;

/** Standard deviation of the logarithm of think times. */
export function thinkSigma({ thinkSeconds: { median, p95 } }: Conversations): number {
  return exactLog(p95 / median) / Z95;
}

/** Longer conversations than this are not begun before the load: see `leadSeconds`. */
const LEAD_SECONDS_MAX = 300;

/**
 * So long before a load its conversations begin, that of the answers due at its start 99 of 100
 * have something to answer. Whole seconds, 300 at most.
 */
export function leadSeconds(conversations: Conversations): number {
  const p99 = conversations.thinkSeconds.median * exactExp(Z99 * thinkSigma(conversations));
  return Math.min(LEAD_SECONDS_MAX, Math.ceil(p99));
}

/** The messages of an open load, in order of time, with answers in the place of some. */
export function* withAnswers(
  messages: Iterable<Written>,
  settings: ConversationSettings,
): Generator<Conversed> {
  const { words, answeredShare, thinkSeconds, textBytes: mean, fromMs, untilMs } = settings;
  const sigma = thinkSigma(settings);
  const waiting = new EventQueue<Conversed>();
  /** Answers that have not taken another message's place yet. */
  let ahead = 0;
  const mayBeAnswered = (message: Conversed): Conversed => {
    if (uniform53(words) >= answeredShare) return message;
    const thinkMs = lognormal(words, thinkSeconds.median, sigma) * 1_000;
    const dueUs = Math.round((message.dueMs - fromMs + thinkMs) * 1_000);
    const dueMs = fromMs + dueUs / 1_000;
    const wanted = Math.round(exponential(words, mean));
    const textBytes = Math.min(TEXT_BYTES_MAX, Math.max(1, wanted));
    if (dueMs >= untilMs) return message;
    const { sender: recipient, recipient: sender } = message;
    waiting.push(dueUs, { dueMs, sender, recipient, textBytes, answers: message });
    return message;
  };
  function* dueBefore(ms: number): Generator<Conversed> {
    const beforeUs = (ms - fromMs) * 1_000;
    for (let at = waiting.peekTimeUs(); at !== undefined && at < beforeUs; ) {
      ahead++;
      yield mayBeAnswered(waiting.pop()!.payload);
      at = waiting.peekTimeUs();
    }
  }
  for (const { dueMs, sender, recipient, textBytes } of messages) {
    yield* dueBefore(dueMs);
    if (ahead > 0) ahead--;
    else yield mayBeAnswered({ dueMs, sender, recipient, textBytes });
  }
  yield* dueBefore(untilMs);
}

/** For reports: how long people think, in words. */
export function thinkText({ thinkSeconds: { median, p95 } }: Conversations): string {
  return `after ${median} s in the median, ${p95} s at the 95th percentile`;
}

/** What a run of the model says of a scenario that has them. */
export const UNKNOWN_TO_MODEL =
  'who answers whom is not in the model: it carries rates, which conversations leave as they are';

const RIGHT = '{ answeredShare: 0.6, thinkSeconds: { median: 8, p95: 60 } }';

/** Everything that is wrong, each problem beginning with its field. */
export function conversationProblems(value: unknown, field: string): string[] {
  const { answeredShareMax, medianMin, medianMax, p95Max, spreadMax } = CONVERSATION_LIMITS;
  if (!isRecord(value)) return [`${field}: ${JSON.stringify(value)} is not right; use ${RIGHT}`];
  const problems = unknownFields(value, ['answeredShare', 'thinkSeconds'], field);
  const between = (given: unknown, name: string, min: number, max: number): boolean => {
    if (typeof given === 'number' && given >= min && given <= max) return true;
    const text = JSON.stringify(given) ?? 'nothing';
    problems.push(`${field}.${name}: ${text} is not right; use a number from ${min} to ${max}`);
    return false;
  };
  between(value['answeredShare'], 'answeredShare', 0, answeredShareMax);
  const think = value['thinkSeconds'];
  if (!isRecord(think)) {
    return [...problems, `${field}.thinkSeconds: use { median: 8, p95: 60 }, in seconds`];
  }
  problems.push(...unknownFields(think, ['median', 'p95'], `${field}.thinkSeconds`));
  const { median, p95 } = think;
  const isMedian = between(median, 'thinkSeconds.median', medianMin, medianMax);
  const isP95 = between(p95, 'thinkSeconds.p95', medianMin, p95Max);
  if (!isMedian || !isP95) return problems;
  const [least, most] = [Number(median), Number(median) * spreadMax];
  if (Number(p95) <= least || Number(p95) > most) {
    const right = `use more than the median, ${least}, and at most ${spreadMax} times as much`;
    problems.push(`${field}.thinkSeconds.p95: ${p95} is not right; ${right}`);
  }
  return problems;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function unknownFields(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  field: string,
): string[] {
  return Object.keys(value)
    .filter((name) => !known.includes(name))
    .map((name) => `${field}.${name}: is not known; use ${known.join(', ')}`);
}
