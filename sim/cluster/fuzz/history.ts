/**
 * A failing world as a file: everything that is needed to run it again exactly, by anyone with the
 * same version. Written after shrinking, read by `quincunx fuzz --replay`.
 */
import { faultPlanProblems } from '../../../chaos/plan.ts';
import { dcIds, type Topology } from '../../../system-under-test/topology.ts';
import type { Failure } from './run-world.ts';
import { limitProblems } from './small-limits.ts';
import type { FuzzWorld } from './world.ts';

export interface History {
  readonly schema: 1;
  /** Version that wrote it: another one may run the same world differently. */
  readonly quincunx: string;
  /** The bug that was planted, if one was. */
  readonly planted?: string;
  readonly failure: Failure;
  /** Digest of the failing run; empty when it ended in an exception. */
  readonly digest: string;
  readonly world: FuzzWorld;
}

/** More than any world that a seed draws: a file may be anything. */
const PEOPLE_MAX = 10_000;
const MESSAGES_MAX = 1_000_000;
const WINDOW_SECONDS_MAX = 86_400;

/** The history in a file's text, or everything that is wrong with it. */
export function parseHistory(
  text: string,
  topology: Topology,
): { readonly history: History } | { readonly problems: readonly string[] } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problems: [`is not JSON: ${(error as Error).message}`] };
  }
  const problems = isRecord(value) ? historyProblems(value, topology) : ['is not an object'];
  return problems.length > 0 ? { problems } : { history: value as unknown as History };
}

type Fields = Readonly<Record<string, unknown>>;

function historyProblems(history: Fields, topology: Topology): string[] {
  const { schema, world, failure, planted } = history;
  if (schema !== 1) return [`schema: ${String(schema)} is not 1, the one this version reads`];
  if (!isRecord(world)) return ['world: is missing'];
  const problems: string[] = [];
  if (!isRecord(failure) || typeof failure['invariant'] !== 'string') {
    problems.push('failure.invariant: is missing');
  }
  if (planted !== undefined && typeof planted !== 'string') problems.push('planted: is no name');
  return [...problems, ...worldProblems(world, topology)];
}

function worldProblems(world: Fields, topology: Topology): string[] {
  const { seed, people, messages, windowSeconds, faults, disk, limits, lookEveryMs } = world;
  const problems: string[] = [];
  const want = (right: boolean, problem: string): void => {
    if (!right) problems.push(`world.${problem}`);
  };
  want(typeof seed === 'string' && seed.length > 0, 'seed: is no text');
  want(isNumber(windowSeconds, 1, WINDOW_SECONDS_MAX), 'windowSeconds: use 1 to 86400');
  want(isNumber(lookEveryMs, 0, 1e9), 'lookEveryMs: use a number from 0');
  want(isRecord(disk) && Object.values(disk).every((value) => isNumber(value, 0, 1e9)), 'disk');
  const persons = Array.isArray(people) && people.length <= PEOPLE_MAX ? people : [];
  want(persons.length > 0, `people: use 1 to ${PEOPLE_MAX}`);
  const dcs = dcIds(topology);
  persons.forEach((person: unknown, index) => {
    const right =
      isRecord(person) &&
      person['index'] === index &&
      dcs.includes(person['homeDc'] as number) &&
      typeof person['phone'] === 'string' &&
      typeof person['name'] === 'string';
    want(right, `people[${index}]: use { index: ${index}, homeDc, phone, name }`);
  });
  const due = Array.isArray(messages) && messages.length <= MESSAGES_MAX ? messages : undefined;
  want(due !== undefined, `messages: use a list of at most ${MESSAGES_MAX}`);
  const isUser = (value: unknown): boolean => isNumber(value, 0, persons.length - 1);
  due?.forEach((message: unknown, index) => {
    const right =
      isRecord(message) &&
      isNumber(message['dueMs'], 0, 1_000 * WINDOW_SECONDS_MAX) &&
      isUser(message['sender']) &&
      isUser(message['recipient']) &&
      isNumber(message['textBytes'], 1, 4_096);
    want(right, `messages[${index}]: use { dueMs, sender, recipient, textBytes }`);
  });
  want(isRecord(limits), 'limits: use an object, such as {}');
  if (isRecord(limits)) problems.push(...limitProblems(limits).map((text) => `world.${text}`));
  if (!Array.isArray(faults)) want(false, 'faults: use a list');
  else if (isNumber(windowSeconds, 1, WINDOW_SECONDS_MAX)) {
    const planned = faultPlanProblems({ faults }, dcs, windowSeconds as number);
    problems.push(...planned.map((text) => `world.${text}`));
  }
  return problems;
}

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNumber = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && value >= min && value <= max;
