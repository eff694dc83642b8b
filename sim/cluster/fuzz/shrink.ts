/**
 * Makes a failing world smaller for as long as the same promise stays broken: first the faults
 * (dropped, shortened, moved to the start), then messages and operations (delta debugging: halves,
 * then ever smaller chunks), then supergroups, habits and users, then the window. What is left is
 * what a person has to look at.
 *
 * Knows only worlds; who runs them, on how many threads and until when, is the caller's.
 */
import type { Fault } from '../../../chaos/plan.ts';
import {
  dropChannels,
  dropHabits,
  dropMembers,
  dropOperations,
  dropUsers,
  withoutChunks,
} from './shrink-crowd.ts';
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
  ...CHUNKS.flatMap((parts): Reduction[] => [
    (world) => dropMessages(world, parts),
    (world) => dropOperations(world, parts),
  ]),
  dropChannels,
  dropMembers,
  dropHabits,
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

function dropMessages(world: FuzzWorld, parts: number): FuzzWorld[] {
  return withoutChunks(world.messages, parts).map((messages) => ({ ...world, messages }));
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

/** Everything at once is moved towards the start: faults and what is due keep their distances. */
function advanceFaults(world: FuzzWorld): FuzzWorld[] {
  const { messages, workload } = world;
  const firstDues = [messages[0], workload.operations[0]].map((due) => due?.dueMs ?? Infinity);
  const firstFault = Math.min(...world.faults.map((fault) => fault.atSeconds));
  const early = Math.floor(Math.min(firstFault, ...firstDues.map((ms) => ms / 1_000)));
  if (!Number.isFinite(early) || early < 1) return [];
  const faults = world.faults.map((fault) => ({
    ...fault,
    atSeconds: tenths(fault.atSeconds - early),
  }));
  const earlier = <Due extends { readonly dueMs: number }>(due: Due): Due => ({
    ...due,
    dueMs: due.dueMs - early * 1_000,
  });
  const operations = workload.operations.map(earlier);
  const halved = eachFault(world, (fault) =>
    fault.atSeconds < STEP_SECONDS
      ? undefined
      : { ...fault, atSeconds: tenths(fault.atSeconds / 2) },
  );
  const moved = { faults, messages: messages.map(earlier), workload: { ...workload, operations } };
  return [{ ...world, ...moved }, ...halved];
}

/** The window ends when nothing more is due and every fault has healed. */
function closeWindow(world: FuzzWorld): FuzzWorld[] {
  const ends = world.faults.map((fault) => fault.atSeconds + fault.forSeconds);
  const { messages, workload } = world;
  const lastDues = [messages, workload.operations].map((dues) => (dues.at(-1)?.dueMs ?? 0) / 1_000);
  const windowSeconds = Math.ceil(Math.max(1, ...lastDues, ...ends));
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
