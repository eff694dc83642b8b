/**
 * The steps of a channel: each moves the counters in memory and returns the writes that it consists
 * of. The caller appends them in the same turn. None costs more for more members.
 */
import type { StoreWrite } from '../environment/index.ts';
import type { ChannelBox } from './channel-boxes.ts';
import {
  type ChannelEvent,
  type ChannelInfo,
  type ChannelMessage,
  isIn,
  type MemberRecord,
  packChannelEvent,
  packChannelMessage,
  packCounters,
  packInfo,
  packMember,
} from './channel-records.ts';
import {
  adminKey,
  bannedKey,
  CHANNEL_COUNTERS_KEY,
  CHANNEL_INFO_KEY,
  channelMessageKey,
  eventKey,
  joinKey,
  memberKey,
} from './keys.ts';
import { LIMITS } from './limits.ts';
import { pack } from './records.ts';

/** A step of the shared log. */
export interface LogStep {
  readonly pts: number;
  readonly event: ChannelEvent;
  /** The message as it is after the step; undefined once deleted. */
  readonly message: ChannelMessage | undefined;
  readonly writes: StoreWrite[];
}

/** A new message at the end. `randomId` is 16 hex digits, empty for a service message. */
export function addPost(
  box: ChannelBox,
  fields: Omit<ChannelMessage, 'id' | 'editDate'>,
  randomId: string,
): LogStep & { readonly message: ChannelMessage } {
  const id = box.counters.lastId + 1;
  const pts = box.counters.pts + 1;
  box.counters = { ...box.counters, lastId: id, pts };
  const message: ChannelMessage = { ...fields, id, editDate: 0 };
  if (randomId !== '') remember(box, `${fields.senderId}/${randomId}`, id, pts, fields.date);
  const { senderId, date } = fields;
  const event: ChannelEvent = { kind: 'new', ids: [id], senderId, randomId, date };
  const writes = [
    put(box, channelMessageKey(id), packChannelMessage(message)),
    put(box, eventKey(pts), packChannelEvent(event)),
    countersWrite(box),
  ];
  return { pts, event, message, writes };
}

/** The message has changed. */
export function editPost(box: ChannelBox, message: ChannelMessage): LogStep {
  const pts = box.counters.pts + 1;
  box.counters = { ...box.counters, pts };
  const { id, senderId, editDate: date } = message;
  const event: ChannelEvent = { kind: 'edit', ids: [id], senderId, randomId: '', date };
  const writes = [
    put(box, channelMessageKey(id), packChannelMessage(message)),
    put(box, eventKey(pts), packChannelEvent(event)),
    countersWrite(box),
  ];
  return { pts, event, message, writes };
}

/** Messages are gone for everybody. */
export function deletePosts(
  box: ChannelBox,
  ids: readonly number[],
  senderId: number,
  date: number,
): LogStep {
  const pts = box.counters.pts + 1;
  box.counters = { ...box.counters, pts };
  const event: ChannelEvent = { kind: 'delete', ids, senderId, randomId: '', date };
  const writes = [
    ...ids.map((id) => remove(box, channelMessageKey(id))),
    put(box, eventKey(pts), packChannelEvent(event)),
    countersWrite(box),
  ];
  return { pts, event, message: undefined, writes };
}

/**
 * Somebody's record becomes another one (undefined: none). Keeps the counters and the lists of
 * admins, banned and members by age. Whoever comes in gets the next place in that order.
 */
export function changeMember(
  box: ChannelBox,
  userId: number,
  before: MemberRecord | undefined,
  after: MemberRecord | undefined,
): { readonly record: MemberRecord | undefined; readonly writes: StoreWrite[] } {
  const writes: StoreWrite[] = [];
  const comes = isIn(after) && !isIn(before);
  const goes = isIn(before) && !isIn(after);
  let record = after;
  if (comes && after) {
    const joins = box.counters.joins + 1;
    record = { ...after, joinNumber: joins };
    box.counters = { ...box.counters, joins };
    writes.push(put(box, joinKey(joins), pack(userId)));
  }
  if (goes && before) writes.push(remove(box, joinKey(before.joinNumber)));
  writes.push(
    record ? put(box, memberKey(userId), packMember(record)) : remove(box, memberKey(userId)),
    ...listWrite(box, adminKey(userId), isAdmin(before), isAdmin(record)),
    ...listWrite(box, bannedKey(userId), isLimited(before), isLimited(record)),
  );
  const difference = (is: (member: MemberRecord | undefined) => boolean): number =>
    Number(is(record)) - Number(is(before));
  const { members, admins, kicked, restricted } = box.counters;
  box.counters = {
    ...box.counters,
    members: members + difference(isIn),
    admins: admins + difference(isAdmin),
    kicked: kicked + difference((member) => member?.role === 'banned'),
    restricted: restricted + difference((member) => member?.role === 'restricted'),
  };
  box.members.set(userId, record ?? null);
  return { record, writes };
}

/** The counters as one entry: once in every append that moved them, at its end. */
export function countersWrite(box: ChannelBox): StoreWrite {
  return put(box, CHANNEL_COUNTERS_KEY, packCounters(box.counters));
}

export function changeInfo(box: ChannelBox, info: ChannelInfo): StoreWrite {
  box.info = info;
  return put(box, CHANNEL_INFO_KEY, packInfo(info));
}

const isAdmin = (member: MemberRecord | undefined): boolean =>
  member?.role === 'admin' || member?.role === 'creator';
const isLimited = (member: MemberRecord | undefined): boolean =>
  member?.role === 'banned' || member?.role === 'restricted';

function listWrite(box: ChannelBox, key: string, before: boolean, after: boolean): StoreWrite[] {
  if (before === after) return [];
  return [after ? put(box, key, EMPTY) : remove(box, key)];
}

const EMPTY = new Uint8Array(0);

function remember(box: ChannelBox, key: string, id: number, pts: number, date: number): void {
  box.randomIds.set(key, { id, pts, date });
  const oldestKept = Math.min(box.keptSince, date - LIMITS.channelRandomIdsMs / 1000);
  // Two at a time at most, so that no post pays for a quiet hour.
  for (let count = 0; count < 2; count++) {
    const oldest = box.randomIds.entries().next();
    if (oldest.done) return;
    const [oldestKey, post] = oldest.value;
    if (post.date >= oldestKept && box.randomIds.size <= LIMITS.channelRandomIdsMax) return;
    box.randomIds.delete(oldestKey);
    box.rememberedFrom = post.pts + 1;
    box.rememberedSince = post.date;
  }
}

export function put(box: ChannelBox, key: string, value: Uint8Array): StoreWrite {
  return { kind: 'put', partition: box.partition, key, value };
}

export function remove(box: ChannelBox, key: string): StoreWrite {
  return { kind: 'delete', partition: box.partition, key };
}
