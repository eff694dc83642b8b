/**
 * Makes a failing world smaller for as long as the same promise stays broken: first the faults
 * (dropped, shortened, moved to the start), then the messages (delta debugging: halves, then ever
 * smaller chunks), then the users, then the window. What is left is what a person has to look at.
 *
 * Knows only worlds; who runs them, on how many threads and until when, is the caller's.
 */
import type { Fault } from '../../../chaos/plan.ts';
import type { FuzzWorld } from './world.ts';

/**
 * Index of the first of these worlds that still breaks the same promise; undefined when none does
 * or there is no time left.
 */
export type FirstFailing = (worlds: readonly FuzzWorld[]) => Promise<number | undefined>;

type Reduction = (world: FuzzWorld) => readonly FuzzWorld[];

/** Returns the smallest world found; the given one when nothing can be taken away. */
export async function shrink(
  world: FuzzWorld,
  firstFailing: FirstFailing,
  onSmaller: (world: FuzzWorld) => void = () => {},
): Promise<FuzzWorld> {
  let smallest = world;
  /** Takes the first of the candidates that fails, until none does. */
  const exhaust = async (candidates: Reduction): Promise<boolean> => {
    for (let took = false; ; took = true) {
      const worlds = candidates(smallest);
      const index = worlds.length === 0 ? undefined : await firstFailing(worlds);
      if (index === undefined) return took;
      smallest = worlds[index]!;
      onSmaller(smallest);
    }
  };
  for (;;) {
    let took = false;
    for (const reduction of REDUCTIONS) took = (await exhaust(reduction)) || took;
    // Fewer messages may make a fault needless: once more, until nothing changes.
    if (!took) return smallest;
  }
}

/** Messages are dropped in chunks of a half, a quarter, ... of what is left, then one by one. */
const CHUNKS = [2, 4, 8, 16, 32, Number.POSITIVE_INFINITY];

/** In this order: each of them makes the later ones quicker. */
const REDUCTIONS: readonly Reduction[] = [
  dropFaults,
  ...CHUNKS.map((parts) => (world: FuzzWorld) => dropMessages(world, parts)),
  dropUsers,
  shortenFaults,
  advanceFaults,
  closeWindow,
];

function dropFaults(world: FuzzWorld): FuzzWorld[] {
  const { faults } = world;
  const without = faults.map((_, index) => ({ ...world, faults: faults.toSpliced(index, 1) }));
  return faults.length > 1 ? [{ ...world, faults: [] }, ...without] : without;
}

/** From the end: what comes after the failure matters least. */
function dropMessages(world: FuzzWorld, parts: number): FuzzWorld[] {
  const { messages } = world;
  const size = Math.max(1, Math.floor(messages.length / parts));
  const worlds: FuzzWorld[] = [];
  for (let end = messages.length; end > 0; end -= size) {
    const from = Math.max(0, end - size);
    if (end - from < messages.length) {
      worlds.push({ ...world, messages: messages.toSpliced(from, end - from) });
    }
  }
  return worlds;
}

/** Those who neither write nor are written to: all at once, or else one at a time. */
function dropUsers(world: FuzzWorld): FuzzWorld[] {
  const busy = new Set(world.messages.flatMap(({ sender, recipient }) => [sender, recipient]));
  const idle = world.people.filter(({ index }) => !busy.has(index));
  if (idle.length === 0 || idle.length === world.people.length) return [];
  const each = idle.length > 1 ? idle.map((person) => withoutPeople(world, [person.index])) : [];
  return [
    withoutPeople(
      world,
      idle.map(({ index }) => index),
    ),
    ...each,
  ];
}

/** People are known by their place in the list, so those after a gap move up. */
function withoutPeople(world: FuzzWorld, gone: readonly number[]): FuzzWorld {
  const people = world.people.filter(({ index }) => !gone.includes(index));
  const place = new Map(people.map(({ index }, now) => [index, now]));
  return {
    ...world,
    people: people.map((person, index) => ({ ...person, index })),
    messages: world.messages.map((message) => ({
      ...message,
      sender: place.get(message.sender) ?? 0,
      recipient: place.get(message.recipient) ?? 0,
    })),
  };
}

/** Shorter than this is not worth another run. */
const STEP_SECONDS = 0.2;

function shortenFaults(world: FuzzWorld): FuzzWorld[] {
  return eachFault(world, (fault) => {
    const forSeconds = tenths(fault.forSeconds / 2);
    if (fault.forSeconds - forSeconds < STEP_SECONDS) return undefined;
    if (fault.kind !== 'rolling_restart') return { ...fault, forSeconds };
    return { ...fault, forSeconds, pauseBetweenMs: fault.pauseBetweenMs / 2.5 };
  });
}

/** Everything at once is moved towards the start: faults and messages keep their distances. */
function advanceFaults(world: FuzzWorld): FuzzWorld[] {
  const firstMs = world.messages[0]?.dueMs ?? 0;
  const firstFault = Math.min(...world.faults.map((fault) => fault.atSeconds));
  const early = Math.floor(Math.min(firstMs / 1_000, firstFault));
  if (!Number.isFinite(early) || early < 1) return [];
  const faults = world.faults.map((fault) => ({
    ...fault,
    atSeconds: tenths(fault.atSeconds - early),
  }));
  const messages = world.messages.map((message) => ({
    ...message,
    dueMs: message.dueMs - early * 1_000,
  }));
  const halved = eachFault(world, (fault) =>
    fault.atSeconds < STEP_SECONDS
      ? undefined
      : { ...fault, atSeconds: tenths(fault.atSeconds / 2) },
  );
  return [{ ...world, faults, messages }, ...halved];
}

/** The window ends when nothing more is due and every fault has healed. */
function closeWindow(world: FuzzWorld): FuzzWorld[] {
  const ends = world.faults.map((fault) => fault.atSeconds + fault.forSeconds);
  const lastDue = (world.messages.at(-1)?.dueMs ?? 0) / 1_000;
  const windowSeconds = Math.ceil(Math.max(1, lastDue, ...ends));
  return windowSeconds < world.windowSeconds ? [{ ...world, windowSeconds }] : [];
}

/** One world for each fault that `change` makes milder. */
function eachFault(world: FuzzWorld, change: (fault: Fault) => Fault | undefined): FuzzWorld[] {
  return world.faults.flatMap((fault, index) => {
    const changed = change(fault);
    return changed ? [{ ...world, faults: world.faults.with(index, changed) }] : [];
  });
}

const tenths = (seconds: number): number => Math.round(seconds * 10) / 10;
