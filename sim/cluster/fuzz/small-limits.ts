/**
 * Limits of the backend so low that a small world reaches them: a tail of four entries, a commit of
 * two appends, a cache of one box. What a product meets once a year at its limits, it meets here in
 * seconds. A limit is lowered only where every promise must hold at any value: not those beyond
 * which a write is refused, because what its sender has written after it may be taken.
 */
import { LIMITS } from '../../../system-under-test/datacenter/limits.ts';
import type { WordSource } from '../../core/xoshiro.ts';
import { chance, oneOf } from './draw.ts';

export type LimitName = keyof typeof LIMITS;
export type SmallLimits = Readonly<Partial<Record<LimitName, number>>>;

/** Limits that are lowered together, as the relations asserted in limits.ts want, and to what. */
const CHOICES: readonly (readonly SmallLimits[])[] = [
  [{ commitAppendsMax: 2 }, { commitAppendsMax: 8 }],
  [
    { catchUpEntriesMax: 1, tailEntriesMax: 2 },
    { catchUpEntriesMax: 3, tailEntriesMax: 8 },
  ],
  [
    { trimEntriesMin: 1, trimEntriesMax: 2 },
    { trimEntriesMin: 4, trimEntriesMax: 16 },
  ],
  [{ linkWindowBytes: 2_000 }, { linkWindowBytes: 5_000 }],
  [{ boxesCachedMax: 1 }, { boxesCachedMax: 3 }],
  [{ usersCachedMax: 1 }, { authKeysCachedMax: 1 }],
  [{ differenceEventsMax: 1 }, { differenceEventsMax: 5 }],
  [{ linkAckDelayMs: 200 }, { lazyAppendMs: 300 }, { streamPatienceMs: 2_000 }],
  [{ patientEntriesMax: 2 }, { queuedUsersPerFrameMax: 1 }],
  [{ drainWindowMin: 1, drainWindowMax: 2 }],
  [{ channelsCachedMax: 1 }, { membersCachedPerChannelMax: 1 }],
  [{ channelEventsPageMax: 1 }, { channelEventsPageMax: 5 }],
  [{ channelDifferenceEventsMax: 1 }, { channelDifferenceEventsMax: 5 }],
  [{ hotMessagesPerChannelMax: 2 }, { hotBytesMax: 2_000 }],
  [{ evictionsKeptMax: 1 }, { channelsPerFrameMax: 1 }],
  [{ popularAbovePerMinute: 2, popularBelowPerMinute: 1 }],
];

/** Half of the worlds have the product's own limits. */
export function drawLimits(random: WordSource): SmallLimits {
  if (chance(random, 2)) return {};
  const chosen = CHOICES.filter(() => chance(random, 3)).map((some) => oneOf(random, some));
  return Object.assign({}, ...chosen) as SmallLimits;
}

/** What is wrong with limits that a file brings. */
export function limitProblems(limits: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(limits).flatMap(([name, value]) => {
    if (!(name in LIMITS)) return [`limits.${name}: there is no such limit`];
    if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return [];
    return [`limits.${name}: ${String(value)} must be a number above 0`];
  });
}

/** Runs with these limits in the place of the product's own. One run at a time in a thread. */
export async function withLimits<T>(limits: SmallLimits, run: () => Promise<T>): Promise<T> {
  const own: Record<string, number> = LIMITS;
  const before = { ...own };
  Object.assign(own, limits);
  try {
    return await run();
  } finally {
    Object.assign(own, before);
  }
}
