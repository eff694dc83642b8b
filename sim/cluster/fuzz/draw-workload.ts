/**
 * What people of a fuzzed world do besides writing to each other: supergroups and everything that
 * happens in them, read pointers, devices that are switched off, second devices. To add a kind of
 * operation, give it a line in `DRAWS`; who does it, when and where is drawn before.
 */
import type { Fault, FaultKind } from '../../../chaos/plan.ts';
import { intBelow, uniform53 } from '../../core/draws.ts';
import type { WordSource } from '../../core/xoshiro.ts';
import type { CrowdPerson } from '../../users/crowd.ts';
import {
  type DueOperation,
  NO_WORKLOAD,
  type OperationKind,
  type PlannedChannel,
  type Workload,
} from '../../users/workload.ts';
import { between, chance, oneOf, someOf } from './draw.ts';

const SIZES = {
  channelsMax: 3,
  membersMin: 3,
  membersMax: 20,
  perSecondMax: 8,
  /** Where there is no supergroup: reading and being away only. */
  quietPerSecondMax: 1,
  textBytesMin: 12,
  textBytesMax: 200,
  awayMsMin: 50,
  awayMsMax: 8_000,
} as const;

/** Where an operation takes place, and who might do it. */
interface Place {
  readonly users: number;
  readonly dueMs: number;
  /** Anybody. */
  readonly user: number;
  /** 1 if the user has a second device and uses it. */
  readonly device: number;
  readonly channel: number;
  readonly creator: number;
  /** Somebody who was in the channel at the start, and may still be. */
  readonly member: number;
}

type Draw = (random: WordSource, place: Place) => DueOperation;

/** How each kind of operation is drawn. */
const DRAWS: { readonly [Kind in OperationKind]: Draw } = {
  post: (random, { dueMs, channel, member, user }) => {
    const textBytes = between(random, SIZES.textBytesMin, SIZES.textBytesMax);
    // Now and then by somebody who may not be in it.
    return { kind: 'post', dueMs, user: chance(random, 8) ? user : member, channel, textBytes };
  },
  edit: (_, { dueMs, channel, member }) => ({ kind: 'edit', dueMs, user: member, channel }),
  delete: (_, { dueMs, channel, member }) => ({ kind: 'delete', dueMs, user: member, channel }),
  join: (_, { dueMs, channel, user }) => ({ kind: 'join', dueMs, user, channel }),
  leave: (_, { dueMs, channel, member }) => ({ kind: 'leave', dueMs, user: member, channel }),
  invite: (random, { dueMs, channel, member, users }) => {
    return { kind: 'invite', dueMs, user: member, channel, target: other(random, member, users) };
  },
  ban: (random, place) => restriction(random, 'ban', place),
  unban: (random, place) => restriction(random, 'unban', place),
  mute: (random, { dueMs, channel, member }) => {
    return { kind: 'mute', dueMs, user: member, channel, muted: chance(random, 2) };
  },
  open: (_, { dueMs, channel, user, device }) => ({ kind: 'open', dueMs, user, channel, device }),
  read: (_, { dueMs, channel, user, device }) => ({ kind: 'read', dueMs, user, channel, device }),
  read_chat: (random, { dueMs, user, device, users }) => {
    return { kind: 'read_chat', dueMs, user, device, peer: other(random, user, users) };
  },
  away: (random, { dueMs, user, device }) => {
    const longest = oneOf(random, [SIZES.awayMsMin * 10, SIZES.awayMsMax]);
    const forMs = between(random, SIZES.awayMsMin, longest);
    return { kind: 'away', dueMs, user, device, forMs };
  },
};

export const DRAWN_OPERATIONS = Object.keys(DRAWS) as readonly OperationKind[];

/** These need no supergroup. */
const ANYWHERE: readonly OperationKind[] = ['read_chat', 'away'];
/** These need one with posts in it to matter. */
const IN_CHANNELS = DRAWN_OPERATIONS.filter((kind) => kind !== 'post' && !ANYWHERE.includes(kind));

/** Whether a world has supergroups is drawn before its people: those need company. */
export interface WorkloadPlan {
  readonly channels: number;
  /** The fewest people that such a world has. */
  readonly usersMin: number;
  readonly usersMax: number;
}

/** Half of the worlds have supergroups. */
export function drawWorkloadPlan(random: WordSource): WorkloadPlan {
  if (chance(random, 2)) return { channels: 0, usersMin: 2, usersMax: 12 };
  const channels = between(random, 1, SIZES.channelsMax);
  const usersMax = oneOf(random, [5, 10, SIZES.membersMax]);
  return { channels, usersMin: SIZES.membersMin, usersMax };
}

/** What `people` do for `windowSeconds`. */
export function drawWorkload(
  random: WordSource,
  plan: WorkloadPlan,
  people: readonly CrowdPerson[],
  windowSeconds: number,
): Workload {
  const channels = Array.from({ length: plan.channels }, () => drawChannel(random, people.length));
  const others = someOf(random, channels.length > 0 ? IN_CHANNELS : []);
  const anywhere = someOf(random, ANYWHERE);
  // Posts are most of what happens in a supergroup.
  const posts = channels.length > 0 ? Array<OperationKind>(others.length + 2).fill('post') : [];
  const kinds = [...posts, ...others, ...anywhere];
  if (kinds.length === 0) return NO_WORKLOAD;
  const perSecondMax = channels.length > 0 ? SIZES.perSecondMax : SIZES.quietPerSecondMax;
  const count = between(random, 1, perSecondMax) * windowSeconds;
  // In bursts: what is due in one instant races.
  const stepMs = oneOf(random, [0, 0, 250, 1_000]);
  const dues = Array.from({ length: count }, () => {
    const dueMs = uniform53(random) * windowSeconds * 1_000;
    return stepMs === 0 ? dueMs : Math.floor(dueMs / stepMs) * stepMs;
  });
  dues.sort((a, b) => a - b);
  const operations = dues.map((dueMs) => {
    return DRAWS[oneOf(random, kinds)](random, drawPlace(random, channels, people, dueMs));
  });
  return { channels, operations };
}

/** A world has at least two people. */
function drawChannel(random: WordSource, users: number): PlannedChannel {
  const all = Array.from({ length: users }, (_, index) => index);
  const creator = oneOf(random, all);
  const others = all.filter((index) => index !== creator);
  const count = between(random, Math.min(SIZES.membersMin, users), users) - 1;
  while (others.length > count) others.splice(intBelow(random, others.length), 1);
  return { creator, members: others };
}

function drawPlace(
  random: WordSource,
  channels: readonly PlannedChannel[],
  people: readonly CrowdPerson[],
  dueMs: number,
): Place {
  const users = people.length;
  const person = oneOf(random, people);
  const device = person.secondDevice === true && chance(random, 2) ? 1 : 0;
  const channel = intBelow(random, Math.max(1, channels.length));
  const { creator, members } = channels[channel] ?? { creator: 0, members: [] };
  const member = oneOf(random, [creator, ...members]);
  return { users, dueMs, user: person.index, device, channel, creator, member };
}

/** By the creator, who may; now and then by somebody who may not. */
function restriction(
  random: WordSource,
  kind: 'ban' | 'unban',
  { dueMs, channel, creator, user, users }: Place,
): DueOperation {
  const by = chance(random, 8) ? user : creator;
  return { kind, dueMs, user: by, channel, target: other(random, by, users) };
}

const other = (random: WordSource, user: number, users: number): number =>
  (user + 1 + intBelow(random, users - 1)) % users;

/**
 * These cut datacentres off from each other. A client that forgets its queued writes and goes home
 * while the DC that queued them is cut off from home can overtake them: nobody there knows of them.
 */
const CUTS: ReadonlySet<FaultKind> = new Set([
  'partition',
  'one_way_cut',
  'flapping_link',
  'cut_mid_frame',
]);

/** Delays from here on may silence a link long enough for it to be given up, which cuts it, too. */
const SILENT_MS = 1_000;

function cuts(fault: Fault): boolean {
  switch (fault.kind) {
    case 'slow_link':
    case 'slow_dc':
      return fault.addedMs >= SILENT_MS;
    case 'jitter':
      return fault.jitterMs >= SILENT_MS;
    case 'pause':
      return fault.forSeconds * 1000 >= SILENT_MS;
    default:
      return CUTS.has(fault.kind);
  }
}

/** These make a datacentre start again. */
const RESTARTS: ReadonlySet<FaultKind> = new Set([
  'dc_loss',
  'dc_crash',
  'torn_write',
  'disk_full',
  'wipe',
  'rolling_restart',
]);

/**
 * Whether home can know of everything that such a client has left behind. A home that starts again
 * queues at its own place while it asks the others; when it is lost once more meanwhile, what its
 * clients then leave elsewhere has no order with that. Nor has what they leave at two other places,
 * when one of those is lost with it. So one restart at most.
 */
function mayBePlain(faults: readonly Fault[]): boolean {
  if (faults.some(cuts)) return false;
  return faults.filter(({ kind }) => RESTARTS.has(kind)).length <= 1;
}

/** Some have a second device; some know nothing of queues, where home can know of them all. */
export function withHabits(
  random: WordSource,
  people: readonly CrowdPerson[],
  faults: readonly Fault[],
): CrowdPerson[] {
  const somePlain = chance(random, 2) && mayBePlain(faults);
  const haveSecond = chance(random, 2);
  return people.map((person) => ({
    ...person,
    ...(haveSecond && chance(random, 3) ? { secondDevice: true } : {}),
    ...(somePlain && chance(random, 2) ? { plain: true } : {}),
  }));
}
