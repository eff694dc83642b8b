/**
 * What each message of a column is: its kind, and whom it is for. One random word decides, by an
 * alias table for every home DC and every stretch of time in which the mix stays the same.
 */
import { AliasTable } from '../core/alias-table.ts';
import { poisson } from '../core/draws.ts';
import { lognormalTable } from '../core/quantile-table.ts';
import { randomStream } from '../core/streams.ts';
import type { Words4 } from '../core/threefry.ts';
import { GROUP_LAW } from '../traffic/audiences.ts';
import { KINDS } from '../traffic/kinds.ts';
import type { Load } from '../traffic/load.ts';
import { CARRIED, DEVICES_MAX, GROUP, MARK } from './message-queue.ts';

/** Different groups that messages go to, for each home DC. */
export const GROUPS = 256;
/** Seconds of one mix: each second has its own up to this many of them, then each minute. */
const FINE_SECONDS_MAX = 1800;
const COARSE_SECONDS = 60;

/** Of a basic group's members so many are online and have not muted it (assumed). */
export const GROUP_LISTENING_SHARE = 0.25;

export interface MessageChoices {
  /** A word's upper bits choose one of 2^bits outcomes, the rest decides for it or its alias. */
  readonly bits: number;
  /** Mark of each outcome, without the sender; a group's number is chosen apart. */
  readonly marks: Uint32Array;
  /** Which rows hold at each second from the warm-up's start. */
  readonly rowOf: Uint16Array;
  /** [row][sender DC][outcome] */
  readonly thresholds: Float64Array;
  readonly aliases: Uint32Array;
  /** Devices that a message to a group reaches: [sender DC][group][DC]. */
  readonly groupDevices: Uint16Array;
}

export interface ChoicesInput {
  readonly key: Words4;
  readonly load: Load;
  /** [sender DC][recipient DC], each row adds up to 1. */
  readonly recipientShares: Float64Array;
  /** First second, at or before 0, and how many there are. */
  readonly fromSecond: number;
  readonly seconds: number;
}

/** Indices into KINDS of what columns carry, in the order of CARRIED. */
export const CARRIED_KINDS: readonly number[] = CARRIED.map((kind) => KINDS.indexOf(kind));

export function messageChoices(input: ChoicesInput): MessageChoices {
  const { load, seconds } = input;
  const { dcCount } = load;
  const marks = outcomeMarks(dcCount);
  const bits = 32 - Math.clz32(marks.length - 1);
  const every = seconds <= FINE_SECONDS_MAX ? 1 : COARSE_SECONDS;
  const rows = new Map<string, number>();
  const rowOf = new Uint16Array(seconds);
  const thresholds: Float64Array[] = [];
  const aliases: Uint32Array[] = [];
  for (let from = 0; from < seconds; from += every) {
    const shares = sharesAt(input, from, Math.min(seconds, from + every));
    const name = shares.join(' ');
    let row = rows.get(name);
    if (row === undefined) {
      row = rows.size;
      if (row > 0xffff) throw new RangeError('model: more than 65,536 different mixes of kinds');
      rows.set(name, row);
      for (let dc = 0; dc < dcCount; dc++) {
        const table = new AliasTable(outcomeWeights(input, shares, dc, bits));
        thresholds.push(table.thresholds);
        aliases.push(table.aliases);
      }
    }
    rowOf.fill(row, from, from + every);
  }
  const groupDevices = groupsOf(input);
  return {
    bits,
    marks,
    rowOf,
    thresholds: joined(thresholds),
    aliases: words(aliases),
    groupDevices,
  };
}

/** One outcome for each kind and recipient's DC; a single one for all groups. */
function outcomeMarks(dcCount: number): Uint32Array {
  const marks: number[] = [];
  CARRIED.forEach((_, kind) => {
    if (kind === GROUP) marks.push(MARK.of(0, 0, kind));
    else for (let dc = 0; dc < dcCount; dc++) marks.push(MARK.of(0, dc, kind));
  });
  return Uint32Array.from(marks);
}

/** Share of each carried kind in what each DC's people send, in steps of 1/1024. */
function sharesAt({ load, fromSecond }: ChoicesInput, from: number, to: number): number[] {
  const { dcCount } = load;
  const sums = new Float64Array(CARRIED.length * dcCount);
  const rates = new Float64Array(KINDS.length * dcCount);
  for (let second = from; second < to; second++) {
    load.ratesAt(fromSecond + second, rates);
    CARRIED_KINDS.forEach((kind, carried) => {
      for (let dc = 0; dc < dcCount; dc++) {
        sums[carried * dcCount + dc]! += rates[kind * dcCount + dc]!;
      }
    });
  }
  const totals = Array.from({ length: dcCount }, (_, dc) =>
    CARRIED.reduce((sum, _kind, carried) => sum + sums[carried * dcCount + dc]!, 0),
  );
  return [...sums].map((sum, at) => {
    const total = totals[at % dcCount]!;
    return total > 0 ? Math.round((sum / total) * 1024) : Number(at < dcCount);
  });
}

function outcomeWeights(
  { load, recipientShares }: ChoicesInput,
  shares: readonly number[],
  dc: number,
  bits: number,
): Float64Array {
  const { dcCount } = load;
  const weights = new Float64Array(2 ** bits);
  let at = 0;
  CARRIED.forEach((_, kind) => {
    const share = shares[kind * dcCount + dc]!;
    if (kind === GROUP) weights[at++] = share;
    else {
      for (let to = 0; to < dcCount; to++) {
        weights[at++] = share * recipientShares[dc * dcCount + to]!;
      }
    }
  });
  return weights;
}

/** Groups of each home DC: members by the mixing of DCs, and who of them listens. */
function groupsOf({ key, load, recipientShares }: ChoicesInput): Uint16Array {
  const { dcCount } = load;
  const sizes = lognormalTable(GROUP_LAW.median, GROUP_LAW.sigma);
  const devices = new Uint16Array(dcCount * GROUPS * dcCount);
  for (let dc = 0; dc < dcCount; dc++) {
    const random = randomStream(key, 'model.groups', dc);
    for (let group = 0; group < GROUPS; group++) {
      const members = Math.min(GROUP_LAW.max, Math.max(GROUP_LAW.min, sizes.sample(random)));
      for (let to = 0; to < dcCount; to++) {
        const mean = members * GROUP_LISTENING_SHARE * recipientShares[dc * dcCount + to]!;
        devices[(dc * GROUPS + group) * dcCount + to] = Math.min(
          DEVICES_MAX,
          poisson(random, mean),
        );
      }
    }
  }
  return devices;
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function words(parts: readonly Uint32Array[]): Uint32Array {
  return Uint32Array.from(parts.flatMap((part) => [...part]));
}
