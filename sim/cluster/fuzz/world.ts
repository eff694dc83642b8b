/**
 * One fuzzed world as data: who writes what to whom and when, what else they do, which faults
 * strike, how good the disks are. Drawn from a seed; shrinking takes parts away. The rest of a run
 * (the network, the devices) is drawn from the world's seed by purpose, so it stays as it is when a
 * part is taken.
 */
import type { Fault } from '../../../chaos/plan.ts';
import { dcIds, type Topology } from '../../../system-under-test/topology.ts';
import { intBelow, uniform53 } from '../../core/draws.ts';
import { keyOfSeed } from '../../core/seed.ts';
import { randomStream } from '../../core/streams.ts';
import type { WordSource } from '../../core/xoshiro.ts';
import type { CrowdPerson, DueMessage } from '../../users/crowd.ts';
import type { Workload } from '../../users/workload.ts';
import { DISK_DEFAULT, type DiskCharacter } from '../virtual-store.ts';
import { between, chance, oneOf, someOf } from './draw.ts';
import { drawFaults } from './draw-faults.ts';
import { drawWorkload, drawWorkloadPlan, type WorkloadPlan, withHabits } from './draw-workload.ts';
import { drawLimits, type SmallLimits } from './small-limits.ts';

export interface FuzzWorld {
  readonly seed: string;
  /** `people[i].index` is i. */
  readonly people: readonly CrowdPerson[];
  /** In the order of their times. */
  readonly messages: readonly DueMessage[];
  readonly workload: Workload;
  readonly windowSeconds: number;
  readonly faults: readonly Fault[];
  readonly disk: DiskCharacter;
  /** Every device opens a chat so often and looks whether it is shown anything old; 0: never. */
  readonly lookEveryMs: number;
  /** Limits of the backend that this world lowers. */
  readonly limits: SmallLimits;
}

/** Small worlds and short windows: many different ones find more than a few large ones. */
const SIZES = {
  perSecondMin: 1,
  perSecondMax: 12,
  windowSecondsMin: 4,
  windowSecondsMax: 20,
  textBytesMin: 12,
  textBytesMax: 200,
} as const;

export function drawWorld(seed: string, topology: Topology): FuzzWorld {
  const key = keyOfSeed(seed);
  const dcs = dcIds(topology);
  const random = randomStream(key, 'fuzz.world');
  const windowSeconds = between(random, SIZES.windowSecondsMin, SIZES.windowSecondsMax);
  const workloadRandom = randomStream(key, 'fuzz.workload');
  const plan = drawWorkloadPlan(workloadRandom);
  const drawn = drawPeople(random, dcs, plan);
  const homes = [...new Set(drawn.map(({ homeDc }) => homeDc))];
  const faults = drawFaults(randomStream(key, 'fuzz.faults'), dcs, homes, windowSeconds);
  const people = withHabits(randomStream(key, 'fuzz.habits'), drawn, faults);
  return {
    seed,
    people,
    messages: drawMessages(randomStream(key, 'fuzz.messages'), people.length, windowSeconds),
    workload: drawWorkload(workloadRandom, plan, people, windowSeconds),
    windowSeconds,
    faults,
    disk: drawDisk(randomStream(key, 'fuzz.disk')),
    lookEveryMs: oneOf(randomStream(key, 'fuzz.looks'), [0, 400, 1_500]),
    limits: drawLimits(randomStream(key, 'fuzz.limits')),
  };
}

/** Everybody lives at some of the DCs; sometimes all at one. */
function drawPeople(
  random: WordSource,
  dcs: readonly number[],
  { usersMin, usersMax }: WorkloadPlan,
): CrowdPerson[] {
  const drawn = someOf(random, dcs);
  const homes = drawn.length > 0 ? drawn : [oneOf(random, dcs)];
  const people: CrowdPerson[] = [];
  const perDc = new Map<number, number>();
  for (let index = between(random, usersMin, usersMax); index > 0; index--) {
    const homeDc = oneOf(random, homes);
    const number = perDc.get(homeDc) ?? 0;
    perDc.set(homeDc, number + 1);
    const phone = `99966${homeDc}${String(number).padStart(4, '0')}`;
    people.push({ index: people.length, homeDc, phone, name: `user ${people.length}` });
  }
  return people;
}

function drawMessages(random: WordSource, users: number, windowSeconds: number): DueMessage[] {
  const count = between(random, SIZES.perSecondMin, SIZES.perSecondMax) * windowSeconds;
  // In bursts: what is due in one instant shares batches, and races.
  const stepMs = oneOf(random, [0, 0, 250, 1_000]);
  const dues = Array.from({ length: count }, () => {
    const dueMs = uniform53(random) * windowSeconds * 1_000;
    return stepMs === 0 ? dueMs : Math.floor(dueMs / stepMs) * stepMs;
  });
  dues.sort((a, b) => a - b);
  return dues.map((dueMs) => {
    const sender = intBelow(random, users);
    const recipient = (sender + 1 + intBelow(random, users - 1)) % users;
    const textBytes = between(random, SIZES.textBytesMin, SIZES.textBytesMax);
    return { dueMs, sender, recipient, textBytes };
  });
}

/** From a fast drive to one that is all but broken: what waits for a sync waits visibly long. */
function drawDisk(random: WordSource): DiskCharacter {
  const syncMsMin = oneOf(random, [0.3, 2, 20, 60]);
  return {
    ...DISK_DEFAULT,
    syncMsMin,
    syncMsMax: syncMsMin * between(random, 2, 5),
    stallChance: chance(random, 4) ? 0.05 : DISK_DEFAULT.stallChance,
    stallMs: oneOf(random, [15, 200, 800]),
    readMsMax: oneOf(random, [0.2, 5]),
    keepUnsyncedChance: oneOf(random, [0, 0.5, 1]),
  };
}
