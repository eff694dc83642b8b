/** Where a page of a chat lies, for any log of messages with rising ids and dates. */
import { LIMITS } from '../datacenter/limits.ts';

/** https://core.telegram.org/api/offsets */
export interface Paging {
  readonly offsetId: number;
  readonly offsetDate: number;
  readonly addOffset: number;
  readonly limit: number;
  readonly maxId: number;
  readonly minId: number;
}

interface Dated {
  readonly id: number;
  readonly date: number;
}

/** Messages with ids in [from, until), newest first unless `forwards`. */
export type ReadMessages<M> = (
  from: number,
  until: number,
  limit: number,
  forwards: boolean,
) => Promise<M[]>;

/** `add_offset` beyond this many messages is cut: use offset_id to go further back. */
const HISTORY_SKIP_MAX = 1_000;
const DATE_SEARCH_STEPS_MAX = 100;

/** The page, newest first. */
export async function pageOf<M extends Dated>(paging: Paging, read: ReadMessages<M>): Promise<M[]> {
  const limit = limitOf(paging);
  const from = paging.minId > 0 ? paging.minId + 1 : 1;
  const before = paging.maxId > 0 ? paging.maxId : Number.POSITIVE_INFINITY;
  let offset = paging.offsetId > 0 ? paging.offsetId : Number.POSITIVE_INFINITY;
  if (paging.offsetId <= 0 && paging.offsetDate > 0) {
    offset = await firstIdFrom(read, paging.offsetDate);
  }
  const between = (lower: number, upper: number, count: number, forwards: boolean) =>
    read(Math.max(lower, from), Math.min(upper, before), count, forwards);
  const addOffset = Math.max(-LIMITS.historyMessagesMax, Math.trunc(paging.addOffset));
  let newer: M[] = [];
  if (addOffset < 0 && Number.isFinite(offset)) {
    newer = (await between(offset, Number.POSITIVE_INFINITY, -addOffset, true)).toReversed();
  }
  const older = (await between(1, offset, limit + skipOf(paging), false)).slice(skipOf(paging));
  return [...newer, ...older].slice(0, limit);
}

const limitOf = ({ limit }: Paging): number =>
  Math.min(Math.max(limit, 1), LIMITS.historyMessagesMax);
const skipOf = ({ addOffset }: Paging): number =>
  Math.min(Math.max(Math.trunc(addOffset), 0), HISTORY_SKIP_MAX);

/** Whether a page is all that there is. */
export function isWhole(paging: Paging, found: number): boolean {
  const { offsetId, offsetDate, maxId, minId } = paging;
  const unbounded = offsetId <= 0 && offsetDate <= 0 && maxId <= 0 && minId <= 0;
  return unbounded && skipOf(paging) === 0 && found < limitOf(paging);
}

/** Id of the oldest message not before `date`; everything below it is older than `date`. */
async function firstIdFrom<M extends Dated>(read: ReadMessages<M>, date: number): Promise<number> {
  let upper = Number.POSITIVE_INFINITY;
  for (let step = 0; step < DATE_SEARCH_STEPS_MAX; step++) {
    const page = await read(1, upper, LIMITS.historyMessagesMax, false);
    for (const message of page) {
      if (message.date < date) return upper;
      upper = message.id;
    }
    if (page.length < LIMITS.historyMessagesMax) return upper;
  }
  return upper;
}
