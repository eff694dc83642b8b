/**
 * The faults of a fuzzed world. To add a kind of fault, give it a line in `DRAWS`: when,
 * how long and where is drawn before, the line says how bad.
 */
import type { Fault, FaultKind, FaultOf } from '../../../chaos/plan.ts';
import type { WordSource } from '../../core/xoshiro.ts';
import { between, chance, oneOf, someOf } from './draw.ts';

interface Timed {
  readonly atSeconds: number;
  readonly forSeconds: number;
}

/** Where a fault strikes. `other` is not `dc`; both are drawn for each fault. */
interface Place {
  readonly dcs: readonly number[];
  readonly dc: number;
  readonly other: number;
}

type Draw<Kind extends FaultKind> = (
  random: WordSource,
  place: Place,
  timed: Timed,
) => FaultOf<Kind>;

/** How each kind of fault is drawn. */
const DRAWS: { readonly [Kind in FaultKind]: Draw<Kind> } = {
  dc_loss: (_, { dc }, timed) => ({ kind: 'dc_loss', dc, ...timed }),
  dc_crash: (_, { dc }, timed) => ({ kind: 'dc_crash', dc, ...timed }),
  partition: (random, { dcs, dc, other }, timed) => {
    const alone = oneOf(random, [[dc], [dc, other]]);
    return { kind: 'partition', groups: [alone, without(dcs, alone)], ...timed };
  },
  slow_link: (random, place, timed) => {
    const addedMs = between(random, 50, 2_000);
    return { kind: 'slow_link', ...linkOf(place), addedMs, ...timed };
  },
  one_way_cut: (_, place, timed) => ({ kind: 'one_way_cut', ...linkOf(place), ...timed }),
  flapping_link: (random, { dc: a, other: b }, timed) => {
    const [downMs, upMs] = [between(random, 50, 3_000), between(random, 50, 3_000)];
    return { kind: 'flapping_link', a, b, downMs, upMs, ...timed };
  },
  lossy_link: (random, place, timed) => {
    const lossShare = oneOf(random, [0.01, 0.1, 0.5]);
    return { kind: 'lossy_link', ...linkOf(place), lossShare, ...timed };
  },
  cut_mid_frame: (_, { dc: a, other: b }, timed) => ({ kind: 'cut_mid_frame', a, b, ...timed }),
  jitter: (random, place, timed) => {
    const jitterMs = oneOf(random, [20, 200, 2_000]);
    return { kind: 'jitter', ...linkOf(place), jitterMs, ...timed };
  },
  slow_dc: (random, { dc }, timed) => {
    return { kind: 'slow_dc', dc, addedMs: oneOf(random, [50, 500, 1_500]), ...timed };
  },
  clients_cut: (_, { dc }, timed) => ({ kind: 'clients_cut', dc, ...timed }),
  disk_slow: (random, { dc }, timed) => {
    return { kind: 'disk_slow', dc, factor: oneOf(random, [3, 20]), ...timed };
  },
  disk_full: (_, { dc }, timed) => ({ kind: 'disk_full', dc, ...timed }),
  bit_rot: (random, { dc }, timed) => {
    return { kind: 'bit_rot', dc, entries: between(random, 1, 8), ...timed };
  },
  torn_write: (_, { dc }, timed) => ({ kind: 'torn_write', dc, ...timed }),
  clock_skew: (random, { dc }, timed) => {
    return { kind: 'clock_skew', dc, ms: oneOf(random, SKEWS_MS), ...timed };
  },
  clock_jump: (random, { dc }, timed) => {
    return { kind: 'clock_jump', dc, ms: oneOf(random, SKEWS_MS), ...timed };
  },
  pause: (_, { dc }, timed) => ({ kind: 'pause', dc, ...timed }),
  rolling_restart: (random, { dcs }, timed) => {
    const pauseBetweenMs = (timed.forSeconds * oneOf(random, [200, 900])) / dcs.length;
    return { kind: 'rolling_restart', pauseBetweenMs, ...timed };
  },
  wipe: (_, { dc }, timed) => ({ kind: 'wipe', dc, ...timed }),
};

/** Below and beyond what MTProto forgives a clock (30 s ahead, 300 s behind). */
const SKEWS_MS: readonly number[] = [-400_000, -20_000, -1_000, 1_000, 20_000, 100_000];

export const DRAWN_KINDS = Object.keys(DRAWS) as readonly FaultKind[];

/** These strike whatever else happens. Others may meet nothing to act on, such as no traffic. */
export const ALWAYS_FIRES: ReadonlySet<FaultKind> = new Set(['dc_loss', 'dc_crash']);

/** At most so many faults strike in one world, of at most so many kinds. */
const FAULTS_MAX = 4;
const KINDS_MAX = 4;

/**
 * Some kinds only in each world, so that rare combinations come up; sometimes none, so that the
 * calm is tested too. All heal before the window ends. `homes` are the DCs at which somebody lives:
 * most faults strike there.
 */
export function drawFaults(
  random: WordSource,
  dcs: readonly number[],
  homes: readonly number[],
  windowSeconds: number,
): Fault[] {
  const kinds = drawKinds(random);
  if (kinds.length === 0) return [];
  return Array.from({ length: between(random, 1, FAULTS_MAX) }, () => {
    const timed = drawTimes(random, windowSeconds);
    return DRAWS[oneOf(random, kinds)](random, drawPlace(random, dcs, homes), timed);
  });
}

/** A restart is where durability shows: half of the worlds have some, whatever else they have. */
function drawKinds(random: WordSource): FaultKind[] {
  const count = between(random, 0, KINDS_MAX);
  const kinds = Array.from({ length: count }, () => oneOf(random, DRAWN_KINDS));
  const restarts = someOf<FaultKind>(random, ['dc_crash', 'dc_loss']);
  return restarts.length === 2 ? kinds : [...kinds, ...restarts];
}

/** In tenths of seconds. A fault may last for a moment or for most of the window. */
function drawTimes(random: WordSource, windowSeconds: number): Timed {
  const windowTenths = windowSeconds * 10;
  const atTenths = between(random, 2, Math.floor(windowTenths * 0.6));
  const longest = windowTenths - atTenths - 5;
  const forTenths = between(random, 1, Math.min(longest, oneOf(random, [10, 40, longest])));
  return { atSeconds: atTenths / 10, forSeconds: forTenths / 10 };
}

/** `dcs` has at least two. */
function drawPlace(random: WordSource, dcs: readonly number[], homes: readonly number[]): Place {
  const dc = oneOf(random, chance(random, 4) ? dcs : homes);
  const others = without(homes, [dc]);
  const anywhere = others.length === 0 || chance(random, 4);
  return { dcs, dc, other: oneOf(random, anywhere ? without(dcs, [dc]) : others) };
}

const linkOf = ({ dc, other }: Place): { from: number; to: number } => ({ from: dc, to: other });

const without = (dcs: readonly number[], some: readonly number[]): number[] =>
  dcs.filter((dc) => !some.includes(dc));
