/**
 * Names of partitions and positions in the store. A partition that begins with `d<dc>` belongs to
 * the domain that DC masters and is replicated, under the same name, to every other DC.
 */

/** Fixed-width number, so that text order is number order: base 36, 9 digits (about 10^14). */
export function position(value: number): string {
  return value.toString(36).padStart(9, '0');
}

export function positionValue(text: string): number {
  return Number.parseInt(text, 36);
}

/** Sorts after every position. */
export const POSITION_END = 'zzzzzzzzzz';

/** Accounts, phones and authorisations that a DC masters. */
export const accountsPartition = (dc: number): string => `d${dc}/accounts`;
/** One user's message box. */
export const boxPartition = (dc: number, userId: number): string => `d${dc}/box/${userId}`;

/** Not replicated: the numbered stream of a DC's own commits, its outboxes, applied positions. */
export const STREAM_PARTITION = 'local/stream';
export const outboxPartition = (to: number): string => `local/outbox/${to}`;
export const APPLIED_PARTITION = 'local/applied';
/** Not replicated: whose disk this is; snapshots under way, and copies that are not whole yet. */
export const IDENTITY_PARTITION = 'local/identity';
export const SNAPSHOT_PARTITION = 'local/snapshot';

/** In a DC's domain: how much of each other DC's outbox has been carried out in it. */
export const takenPartition = (dc: number): string => `d${dc}/taken`;
export const takenKey = (from: number): string => `outbox/${from}`;
/** In the applied positions: how much of another DC's stream has been applied here. */
export const appliedKey = (from: number): string => `stream/${from}`;

export const userKey = (userId: number): string => `user/${position(userId)}`;
export const phoneKey = (phone: string): string => `phone/${phone}`;
/** At both DCs of a move: where the user's home is since then. */
export const movedKey = (userId: number): string => `${MOVED_KEYS.from}${position(userId)}`;
export const MOVED_KEYS = { from: 'moved/', to: 'moved0' } as const; // "0" follows "/"
export const movedUserOf = (key: string): number =>
  positionValue(key.slice(MOVED_KEYS.from.length));
export const authKeyKey = (authKeyId: string): string => `auth/${authKeyId}`;

/** Events of a box by pts; messages of a box by chat partner and id; read pointers; contacts. */
export const eventKey = (pts: number): string => `e${position(pts)}`;
export const messageKey = (peer: number, id: number): string =>
  `m${position(peer)}/${position(id)}`;
export const readInboxKey = (peer: number): string => `ri${position(peer)}`;
export const readOutboxKey = (peer: number): string => `ro${position(peer)}`;
export const contactKey = (userId: number): string => `c${position(userId)}`;

/** In a member's own box: a channel that the member is in. */
export const membershipKey = (channelId: number): string => `h${position(channelId)}`;
/** A channel's own partition, and a member in it. */
export const channelPartition = (dc: number, channelId: number): string =>
  `d${dc}/channel/${channelId}`;
export const memberKey = (userId: number): string => `u${position(userId)}`;
/** Parts of a channel: what changes with every step, what seldom does; messages and events. */
export const CHANNEL_COUNTERS_KEY = 'c';
export const CHANNEL_INFO_KEY = 'i';
export const channelMessageKey = (id: number): string => `m${position(id)}`;
/** Members in the order in which they joined; admins; the banned and restricted. */
export const joinKey = (number: number): string => `j${position(number)}`;
export const adminKey = (userId: number): string => `a${position(userId)}`;
export const bannedKey = (userId: number): string => `b${position(userId)}`;
/** How far a member has read; which messages of a block a member has deleted for himself. */
export const channelReadKey = (userId: number): string => `r${position(userId)}`;
export const hiddenKey = (userId: number, block: number): string =>
  `v${position(userId)}/${position(block)}`;
/** Among a DC's accounts: number of the newest channel created there. */
export const NEWEST_CHANNEL_KEY = 'newest-channel';

/** A user's DC of birth is part of the id: it is where the account record is found. */
const IDS_PER_NUMBER = 8;

export function userIdOf(dc: number, number: number): number {
  return number * IDS_PER_NUMBER + dc;
}

export function birthDcOf(userId: number): number {
  return userId % IDS_PER_NUMBER;
}

/**
 * Ids of channels begin where those of users will not come: a home can be looked up for either.
 * Telegram's clients take channel ids below 997,852,516,352.
 */
const CHANNEL_IDS_FROM = 2 ** 37;

export function channelIdOf(dc: number, number: number): number {
  return CHANNEL_IDS_FROM + userIdOf(dc, number);
}

export function isChannelId(id: number): boolean {
  return id >= CHANNEL_IDS_FROM;
}

export function userNumberOf(userId: number): number {
  return Math.floor(userId / IDS_PER_NUMBER);
}
