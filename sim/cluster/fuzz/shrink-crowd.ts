/**
 * The part of shrinking that knows people and what they do: takes away operations, supergroups and
 * their members, second devices and habits, and people whom nothing is about. Every result is a
 * world that can be run.
 */
import type { CrowdPerson } from '../../users/crowd.ts';
import { type DueOperation, namedUsers, type PlannedChannel } from '../../users/workload.ts';
import type { FuzzWorld } from './world.ts';

/**
 * The list without each of so many chunks of it, one after the other. From the end: what comes
 * after the failure matters least. Never empty-handed: the whole list is a chunk only of one item.
 */
export function withoutChunks<T>(list: readonly T[], parts: number): T[][] {
  const size = Math.max(1, Math.floor(list.length / parts));
  const lists: T[][] = [];
  for (let end = list.length; end > 0; end -= size) {
    const from = Math.max(0, end - size);
    if (end - from < list.length) lists.push(list.toSpliced(from, end - from));
  }
  return lists;
}

/** At first all of them: many failures have nothing to do with them. */
export function dropOperations(world: FuzzWorld, parts: number): FuzzWorld[] {
  const { operations } = world.workload;
  if (operations.length === 0) return [];
  return [[], ...withoutChunks(operations, parts)].map((some) => withOperations(world, some));
}

/** With all that happens in it. */
export function dropChannels(world: FuzzWorld): FuzzWorld[] {
  return world.workload.channels.map((_, gone) => {
    const operations = world.workload.operations.flatMap((operation): DueOperation[] => {
      if (!('channel' in operation) || operation.channel < gone) return [operation];
      const { channel } = operation;
      return channel === gone ? [] : [{ ...operation, channel: channel - 1 }];
    });
    const channels = world.workload.channels.toSpliced(gone, 1);
    return { ...world, workload: { channels, operations } };
  });
}

/** Members that no operation is about: all of a channel's at once, or else one at a time. */
export function dropMembers(world: FuzzWorld): FuzzWorld[] {
  const { channels, operations } = world.workload;
  return channels.flatMap((channel, number) => {
    const busy = new Set(
      operations.flatMap((operation) =>
        'channel' in operation && operation.channel === number
          ? [operation.user, ...namedUsers(operation)]
          : [],
      ),
    );
    const idle = channel.members.filter((user) => !busy.has(user));
    const smaller = (gone: readonly number[]): FuzzWorld => {
      const members = channel.members.filter((user) => !gone.includes(user));
      const workload = { channels: channels.with(number, { ...channel, members }), operations };
      return { ...world, workload };
    };
    if (idle.length === 0) return [];
    return [smaller(idle), ...(idle.length > 1 ? idle.map((user) => smaller([user])) : [])];
  });
}

/** Everybody's at once, or else one person's at a time; or what the second device need not have. */
export function dropHabits(world: FuzzWorld): FuzzWorld[] {
  const { people } = world;
  const plainly = ({ index, homeDc, phone, name }: CrowdPerson): CrowdPerson => {
    return { index, homeDc, phone, name };
  };
  const informed = ({ plain: _, ...person }: CrowdPerson): CrowdPerson => person;
  const simpler = (special: readonly CrowdPerson[], change: typeof plainly): FuzzWorld[] =>
    special.length === 0
      ? []
      : [
          withPeople(world, people.map(change)),
          ...special.map((person) => withPeople(world, people.with(person.index, change(person)))),
        ];
  return [
    ...simpler(
      people.filter(({ plain, secondDevice }) => plain || secondDevice),
      plainly,
    ),
    ...simpler(
      people.filter(({ plain, secondDevice }) => plain && secondDevice),
      informed,
    ),
  ];
}

/** Those whom nothing is about: all at once, or else one at a time. */
export function dropUsers(world: FuzzWorld): FuzzWorld[] {
  const { channels, operations } = world.workload;
  const busy = new Set([
    ...world.messages.flatMap(({ sender, recipient }) => [sender, recipient]),
    ...channels.flatMap(({ creator, members }) => [creator, ...members]),
    ...operations.flatMap((operation) => [operation.user, ...namedUsers(operation)]),
  ]);
  const idle = world.people.map(({ index }) => index).filter((index) => !busy.has(index));
  if (idle.length === 0 || idle.length === world.people.length) return [];
  const each = idle.length > 1 ? idle.map((index) => withoutPeople(world, [index])) : [];
  return [withoutPeople(world, idle), ...each];
}

function withOperations(world: FuzzWorld, operations: readonly DueOperation[]): FuzzWorld {
  return { ...world, workload: { ...world.workload, operations } };
}

/** What only a second device did is done no more without one. */
function withPeople(world: FuzzWorld, people: readonly CrowdPerson[]): FuzzWorld {
  const operations = world.workload.operations.filter(
    (operation) =>
      !('device' in operation) ||
      operation.device === 0 ||
      people[operation.user]?.secondDevice === true,
  );
  return withOperations({ ...world, people }, operations);
}

/** People are known by their place in the list, so those after a gap move up. */
function withoutPeople(world: FuzzWorld, gone: readonly number[]): FuzzWorld {
  const people = world.people.filter(({ index }) => !gone.includes(index));
  const places = new Map(people.map(({ index }, now) => [index, now]));
  const placeOf = (user: number): number => places.get(user) ?? 0;
  const channels = world.workload.channels.map(
    ({ creator, members }): PlannedChannel => ({
      creator: placeOf(creator),
      members: members.map(placeOf),
    }),
  );
  return {
    ...world,
    people: people.map((person, index) => ({ ...person, index })),
    messages: world.messages.map((message) => ({
      ...message,
      sender: placeOf(message.sender),
      recipient: placeOf(message.recipient),
    })),
    workload: {
      channels,
      operations: world.workload.operations.map((operation) => moved(operation, placeOf)),
    },
  };
}

function moved(operation: DueOperation, placeOf: (user: number) => number): DueOperation {
  const user = placeOf(operation.user);
  if ('target' in operation) return { ...operation, user, target: placeOf(operation.target) };
  if ('peer' in operation) return { ...operation, user, peer: placeOf(operation.peer) };
  return { ...operation, user };
}
