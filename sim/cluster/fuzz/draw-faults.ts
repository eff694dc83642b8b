/**
 * The faults of a fuzzed world. To add a kind of fault, give it a line in `DRAWS`: when and how
 * long is drawn before, the line says where and how bad.
 */
import type { Fault, FaultKind, FaultOf } from '../../../chaos/plan.ts';
import type { WordSource } from '../../core/xoshiro.ts';
import { between, oneOf, someOf } from './draw.ts';

interface Timed {
  readonly atSeconds: number;
  readonly forSeconds: number;
}

type Draw<Kind extends FaultKind> = (
  random: WordSource,
  dcs: readonly number[],
  timed: Timed,
) => FaultOf<Kind>;

/** How each kind of fault is drawn. `dcs` has at least two. */
const DRAWS: { readonly [Kind in FaultKind]: Draw<Kind> } = {
  dc_loss: (random, dcs, timed) => ({ kind: 'dc_loss', dc: oneOf(random, dcs), ...timed }),
  dc_crash: (random, dcs, timed) => ({ kind: 'dc_crash', dc: oneOf(random, dcs), ...timed }),
  partition: (random, dcs, timed) => {
    const { from, to } = link(random, dcs);
    const alone = oneOf(random, [[from], [from, to]]);
    return { kind: 'partition', groups: [alone, without(dcs, alone)], ...timed };
  },
  slow_link: (random, dcs, timed) => {
    const addedMs = between(random, 50, 2_000);
    return { kind: 'slow_link', ...link(random, dcs), addedMs, ...timed };
  },
  one_way_cut: (random, dcs, timed) => ({ kind: 'one_way_cut', ...link(random, dcs), ...timed }),
  flapping_link: (random, dcs, timed) => {
    const [downMs, upMs] = [between(random, 50, 3_000), between(random, 50, 3_000)];
    return { kind: 'flapping_link', ...pair(random, dcs), downMs, upMs, ...timed };
  },
  lossy_link: (random, dcs, timed) => {
    const lossShare = oneOf(random, [0.01, 0.1, 0.5]);
    return { kind: 'lossy_link', ...link(random, dcs), lossShare, ...timed };
  },
  cut_mid_frame: (random, dcs, timed) => ({
    kind: 'cut_mid_frame',
    ...pair(random, dcs),
    ...timed,
  }),
  jitter: (random, dcs, timed) => {
    const jitterMs = oneOf(random, [20, 200, 2_000]);
    return { kind: 'jitter', ...link(random, dcs), jitterMs, ...timed };
  },
  slow_dc: (random, dcs, timed) => {
    const addedMs = oneOf(random, [50, 500, 1_500]);
    return { kind: 'slow_dc', dc: oneOf(random, dcs), addedMs, ...timed };
  },
  clients_cut: (random, dcs, timed) => ({ kind: 'clients_cut', dc: oneOf(random, dcs), ...timed }),
  disk_slow: (random, dcs, timed) => {
    const factor = oneOf(random, [3, 20]);
    return { kind: 'disk_slow', dc: oneOf(random, dcs), factor, ...timed };
  },
  disk_full: (random, dcs, timed) => ({ kind: 'disk_full', dc: oneOf(random, dcs), ...timed }),
  bit_rot: (random, dcs, timed) => {
    const entries = between(random, 1, 8);
    return { kind: 'bit_rot', dc: oneOf(random, dcs), entries, ...timed };
  },
  torn_write: (random, dcs, timed) => ({ kind: 'torn_write', dc: oneOf(random, dcs), ...timed }),
  clock_skew: (random, dcs, timed) => {
    const ms = oneOf(random, SKEWS_MS);
    return { kind: 'clock_skew', dc: oneOf(random, dcs), ms, ...timed };
  },
  clock_jump: (random, dcs, timed) => {
    const ms = oneOf(random, SKEWS_MS);
    return { kind: 'clock_jump', dc: oneOf(random, dcs), ms, ...timed };
  },
  pause: (random, dcs, timed) => ({ kind: 'pause', dc: oneOf(random, dcs), ...timed }),
  rolling_restart: (random, dcs, timed) => {
    const pauseBetweenMs = (timed.forSeconds * oneOf(random, [200, 900])) / dcs.length;
    return { kind: 'rolling_restart', pauseBetweenMs, ...timed };
  },
  wipe: (random, dcs, timed) => ({ kind: 'wipe', dc: oneOf(random, dcs), ...timed }),
};

/** Below and beyond what MTProto forgives a clock (30 s ahead, 300 s behind). */
const SKEWS_MS: readonly number[] = [-400_000, -20_000, -1_000, 1_000, 20_000, 100_000];

/** What these destroy, the backend cannot repair yet; no promise would be left to check. */
const NOT_DRAWN: ReadonlySet<FaultKind> = new Set(['bit_rot', 'torn_write', 'wipe']);

export const DRAWN_KINDS: readonly FaultKind[] = (Object.keys(DRAWS) as FaultKind[]).filter(
  (kind) => !NOT_DRAWN.has(kind),
);

/** These strike whatever else happens. Others may meet nothing to act on, such as no traffic. */
export const ALWAYS_FIRES: ReadonlySet<FaultKind> = new Set(['dc_loss', 'dc_crash']);

/** At most so many faults strike in one world, of at most so many kinds. */
const FAULTS_MAX = 4;
const KINDS_MAX = 4;

/**
 * Some kinds only in each world, so that rare combinations come up; sometimes none, so that the
 * calm is tested too. All heal before the window ends.
 */
export function drawFaults(
  random: WordSource,
  dcs: readonly number[],
  windowSeconds: number,
): Fault[] {
  const kinds = drawKinds(random);
  if (kinds.length === 0) return [];
  return Array.from({ length: between(random, 1, FAULTS_MAX) }, () => {
    const timed = drawTimes(random, windowSeconds);
    return DRAWS[oneOf(random, kinds)](random, dcs, timed);
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

function link(random: WordSource, dcs: readonly number[]): { from: number; to: number } {
  const from = oneOf(random, dcs);
  return { from, to: oneOf(random, without(dcs, [from])) };
}

function pair(random: WordSource, dcs: readonly number[]): { a: number; b: number } {
  const { from, to } = link(random, dcs);
  return { a: from, b: to };
}

const without = (dcs: readonly number[], some: readonly number[]): number[] =>
  dcs.filter((dc) => !some.includes(dc));
