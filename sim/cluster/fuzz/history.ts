/**
 * A failing world as a file: everything that is needed to run it again exactly, by anyone with the
 * same version. Written after shrinking, read by `quincunx fuzz --replay`.
 */
import { faultPlanProblems } from '../../../chaos/plan.ts';
import { dcIds, type Topology } from '../../../system-under-test/topology.ts';
import { NO_WORKLOAD, workloadProblems } from '../../users/workload.ts';
import type { Failure } from './run-world.ts';
import { limitProblems } from './small-limits.ts';
import type { FuzzWorld } from './world.ts';

/** Raised when a world of the past would be another one today. 1 had messages only, no workload. */
export const HISTORY_SCHEMA = 2;
const MESSAGES_ONLY = 1;

export interface History {
  readonly schema: typeof HISTORY_SCHEMA;
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
  if (!isRecord(value)) return { problems: ['is not an object'] };
  const fields = value['schema'] === MESSAGES_ONLY ? withoutWorkload(value) : value;
  const problems = historyProblems(fields, topology);
  return problems.length > 0 ? { problems } : { history: fields as unknown as History };
}

type Fields = Readonly<Record<string, unknown>>;

/** What a version wrote that knew nothing but messages. */
function withoutWorkload(history: Fields): Fields {
  const { world } = history;
  if (!isRecord(world)) return { ...history, schema: HISTORY_SCHEMA };
  return { ...history, schema: HISTORY_SCHEMA, world: { ...world, workload: NO_WORKLOAD } };
}

function historyProblems(history: Fields, topology: Topology): string[] {
  const { schema, world, failure, planted } = history;
  if (schema !== HISTORY_SCHEMA) {
    const readable = `${MESSAGES_ONLY} or ${HISTORY_SCHEMA}`;
    return [`schema: ${String(schema)} is not ${readable}, those that this version reads`];
  }
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
  const { workload } = world;
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
      typeof person['name'] === 'string' &&
      isFlag(person['plain']) &&
      isFlag(person['secondDevice']);
    const fields = 'homeDc, phone, name, plain?, secondDevice?';
    want(right, `people[${index}]: use { index: ${index}, ${fields} }`);
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
  for (const problem of workloadProblems(workload, persons.length)) {
    problems.push(`world.workload.${problem}`);
  }
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

const isFlag = (value: unknown): boolean => value === undefined || typeof value === 'boolean';

const isNumber = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && value >= min && value <= max;
