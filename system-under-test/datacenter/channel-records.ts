/**
 * What is stored of a channel, as MessagePack tuples: one record for each thing that changes on its
 * own, so that a post writes three small entries however many members there are.
 */
import { pack, unpack } from './records.ts';

/** What seldom changes. */
export interface ChannelInfo {
  readonly title: string;
  readonly about: string;
  readonly creator: number;
  /** Unix seconds. */
  readonly createdAt: number;
  /** Members do not see what was written before they joined. */
  readonly hiddenPrehistory: boolean;
}

export function packInfo(info: ChannelInfo): Uint8Array {
  return pack([info.title, info.about, info.creator, info.createdAt, info.hiddenPrehistory]);
}

export function unpackInfo(bytes: Uint8Array): ChannelInfo {
  const [title, about, creator, createdAt, hiddenPrehistory] =
    unpack<[string, string, number, number, boolean]>(bytes);
  return { title, about, creator, createdAt, hiddenPrehistory };
}

/** What changes with every step; part of every append. */
export interface ChannelCounters {
  /** Number of the last event. */
  readonly pts: number;
  /** Id of the last message. */
  readonly lastId: number;
  readonly members: number;
  readonly admins: number;
  /** Banned, and restricted. */
  readonly kicked: number;
  readonly restricted: number;
  /** Joins so far. */
  readonly joins: number;
}

/** Of a channel in which nothing has happened. */
export const NO_COUNTERS: ChannelCounters = {
  pts: 0,
  lastId: 0,
  members: 0,
  admins: 0,
  kicked: 0,
  restricted: 0,
  joins: 0,
};

export function packCounters(c: ChannelCounters): Uint8Array {
  return pack([c.pts, c.lastId, c.members, c.admins, c.kicked, c.restricted, c.joins]);
}

export function unpackCounters(bytes: Uint8Array): ChannelCounters {
  const [pts, lastId, members, admins, kicked, restricted, joins] =
    unpack<[number, number, number, number, number, number, number]>(bytes);
  return { pts, lastId, members, admins, kicked, restricted, joins };
}

export const ROLES = ['member', 'admin', 'creator', 'restricted', 'banned'] as const;
/** A restricted member may not write; a banned one is none any more and may not come back. */
export type Role = (typeof ROLES)[number];

/** Places in the order of joining of who is not in, and of who is about to get one. */
export const NOT_IN = 0;
export const JOINS = -1;

/** One who is in the channel, or may not be or write in it. Others have no record. */
export interface MemberRecord {
  readonly role: Role;
  /** Unix seconds. */
  readonly joinedAt: number;
  /** Id of the last message when the user joined. */
  readonly joinId: number;
  /** Place in the order of joining; `NOT_IN` for the banned and who left restricted. */
  readonly joinNumber: number;
  /** Who let the user in, promoted, restricted or banned him. */
  readonly by: number;
  /** Rights of an admin or of a restricted member, as the bits of the TL flags. */
  readonly rights: number;
  /** For a restriction or a ban: Unix seconds of its end, 0 for never. */
  readonly until: number;
  /** The user has cleared the history for himself up to this id. */
  readonly clearedTo: number;
  /** The user has deleted single messages for himself (`withHidden`). */
  readonly hides: boolean;
}

export function packMember(m: MemberRecord): Uint8Array {
  return pack([
    ROLES.indexOf(m.role),
    m.joinedAt,
    m.joinId,
    m.joinNumber,
    m.by,
    m.rights,
    m.until,
    m.clearedTo,
    m.hides,
  ]);
}

export function unpackMember(bytes: Uint8Array): MemberRecord {
  const [role, joinedAt, joinId, joinNumber, by, rights, until, clearedTo, hides] =
    unpack<[number, number, number, number, number, number, number, number, boolean]>(bytes);
  const known = ROLES[role] ?? 'banned';
  return { role: known, joinedAt, joinId, joinNumber, by, rights, until, clearedTo, hides };
}

/** Whether the record is of somebody who is in the channel and may read it. */
export function isIn(member: MemberRecord | undefined): member is MemberRecord {
  return member !== undefined && member.joinNumber !== NOT_IN;
}

/** What a service message tells. */
export type ChannelAction =
  | { readonly kind: 'create'; readonly title: string }
  | { readonly kind: 'add'; readonly userIds: readonly number[] }
  | { readonly kind: 'remove'; readonly userId: number };

/** One message of the shared log. */
export interface ChannelMessage {
  readonly id: number;
  readonly senderId: number;
  /** Unix seconds. */
  readonly date: number;
  readonly text: string;
  /** TL-encoded entities, in order. */
  readonly entities: readonly Uint8Array[];
  /** Id of the message that this one answers, 0 for none. */
  readonly replyTo: number;
  /** Unix seconds of the last edit, 0 for never. */
  readonly editDate: number;
  readonly action?: ChannelAction;
}

export function packChannelMessage(m: ChannelMessage): Uint8Array {
  const { action } = m;
  const base = [m.id, m.senderId, m.date, m.text, m.entities, m.replyTo, m.editDate] as const;
  if (!action) return pack(base);
  if (action.kind === 'create') return pack([...base, [0, action.title]]);
  if (action.kind === 'add') return pack([...base, [1, action.userIds]]);
  return pack([...base, [2, action.userId]]);
}

type PackedAction = [0, string] | [1, number[]] | [2, number];

export function unpackChannelMessage(bytes: Uint8Array): ChannelMessage {
  const [id, senderId, date, text, entities, replyTo, editDate, action] =
    unpack<[number, number, number, string, Uint8Array[], number, number, PackedAction?]>(bytes);
  const message = { id, senderId, date, text, entities, replyTo, editDate };
  return action ? { ...message, action: actionOf(action) } : message;
}

function actionOf(packed: PackedAction): ChannelAction {
  switch (packed[0]) {
    case 0:
      return { kind: 'create', title: packed[1] };
    case 1:
      return { kind: 'add', userIds: packed[1] };
    default:
      return { kind: 'remove', userId: packed[1] };
  }
}

const EVENT_KINDS = ['new', 'edit', 'delete'] as const;

/** One step of a channel, numbered by its pts. */
export interface ChannelEvent {
  readonly kind: (typeof EVENT_KINDS)[number];
  /** The messages that it is about; one unless they were deleted. */
  readonly ids: readonly number[];
  readonly senderId: number;
  /** 16 hex digits for a post, otherwise empty. */
  readonly randomId: string;
  /** Unix seconds. */
  readonly date: number;
}

export function packChannelEvent(e: ChannelEvent): Uint8Array {
  return pack([EVENT_KINDS.indexOf(e.kind), e.ids, e.senderId, e.randomId, e.date]);
}

export function unpackChannelEvent(bytes: Uint8Array): ChannelEvent {
  const [kind, ids, senderId, randomId, date] =
    unpack<[number, number[], number, string, number]>(bytes);
  return { kind: EVENT_KINDS[kind] ?? 'new', ids, senderId, randomId, date };
}

/** How far a member has read. */
export const packRead = (maxId: number): Uint8Array => pack(maxId);
export const unpackRead = (bytes: Uint8Array): number => unpack<number>(bytes);

/** Messages whose visibility to one user is one stored value: one bit each. */
export const HIDDEN_BLOCK_IDS = 1_024;
const HIDDEN_BLOCK_BYTES = HIDDEN_BLOCK_IDS / 8;

export function hiddenBlockOf(id: number): number {
  return Math.floor(id / HIDDEN_BLOCK_IDS);
}

export function isHidden(block: Uint8Array | undefined, id: number): boolean {
  const bit = id % HIDDEN_BLOCK_IDS;
  return block !== undefined && ((block[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
}

/** A copy of the block in which these ids, all of that block, are hidden. */
export function withHidden(block: Uint8Array | undefined, ids: Iterable<number>): Uint8Array {
  const changed = new Uint8Array(HIDDEN_BLOCK_BYTES);
  if (block) changed.set(block.subarray(0, HIDDEN_BLOCK_BYTES));
  for (const id of ids) {
    const bit = id % HIDDEN_BLOCK_IDS;
    changed[bit >> 3]! |= 1 << (bit & 7);
  }
  return changed;
}
