/**
 * What is stored and what crosses a link, as MessagePack tuples: short, ordered, and the same
 * bytes for the same content, so that replicas can be compared byte by byte.
 */
import { Decoder, Encoder } from '@msgpack/msgpack';
import type { MovedMarker } from './homes.ts';

const encoder = new Encoder({ initialBufferSize: 1024 });
const decoder = new Decoder();

export type Packable =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | undefined
  | readonly Packable[];

export function pack(value: Packable): Uint8Array {
  return encoder.encode(value);
}

/** Throws on bytes that are not one MessagePack value. */
export function unpack<T>(bytes: Uint8Array): T {
  return decoder.decode(bytes) as T;
}

export interface UserRecord {
  readonly id: number;
  readonly phone: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly createdAt: number;
  /** The account has not been replicated here yet: only the id is sure. Not stored. */
  readonly isMin?: true;
}

export function packUser(user: UserRecord): Uint8Array {
  return pack([user.id, user.phone, user.firstName, user.lastName, user.createdAt]);
}

export function unpackUser(bytes: Uint8Array): UserRecord {
  const [id, phone, firstName, lastName, createdAt] =
    unpack<[number, string, string, string, number]>(bytes);
  return { id, phone, firstName, lastName, createdAt };
}

/** One message in one user's box. `id` counts in this box; the partner's copy has its own id. */
export interface MessageRecord {
  readonly id: number;
  /** The other person of the chat. */
  readonly peer: number;
  readonly out: boolean;
  /** Unix seconds. */
  readonly date: number;
  readonly text: string;
  /** Id of the same message in the sender's box; equals `id` where `out`. */
  readonly senderId: number;
  /** TL-encoded entities, in order. */
  readonly entities: readonly Uint8Array[];
  /** Id in this box of the message that this one answers; 0 or absent for none. */
  readonly replyTo?: number;
  /** Unix seconds of the last edit; 0 or absent for never. */
  readonly editDate?: number;
}

export function packMessage(m: MessageRecord): Uint8Array {
  const { replyTo = 0, editDate = 0 } = m;
  const always = [m.id, m.peer, m.out, m.date, m.text, m.senderId, m.entities] as const;
  return pack(replyTo === 0 && editDate === 0 ? always : [...always, replyTo, editDate]);
}

export function unpackMessage(bytes: Uint8Array): MessageRecord {
  const [id, peer, out, date, text, senderId, entities, replyTo = 0, editDate = 0] =
    unpack<[number, number, boolean, number, string, number, Uint8Array[], number?, number?]>(
      bytes,
    );
  const message = { id, peer, out, date, text, senderId, entities };
  return replyTo === 0 && editDate === 0 ? message : { ...message, replyTo, editDate };
}

/** One step of a box, numbered by pts; it also carries the box's counters after the step. */
export interface BoxEvent {
  readonly kind: (typeof EVENT_KINDS)[number];
  /** The chat partner; for a membership the channel, for deleted messages 0. */
  readonly peer: number;
  /** The message's id; for reading, the id up to which messages are read; otherwise 0. */
  readonly id: number;
  /** 16 hex digits for own messages, otherwise empty. */
  readonly randomId: string;
  readonly lastId: number;
  readonly unread: number;
  /** Messages that were deleted. */
  readonly ids?: readonly number[];
}

const EVENT_KINDS = [
  'message',
  'read_inbox',
  'read_outbox',
  'membership',
  'edit',
  'delete',
] as const;

export function packEvent(e: BoxEvent): Uint8Array {
  const kind = EVENT_KINDS.indexOf(e.kind);
  const always = [kind, e.peer, e.id, e.randomId, e.lastId, e.unread] as const;
  return pack(e.ids ? [...always, e.ids] : always);
}

export function unpackEvent(bytes: Uint8Array): BoxEvent {
  const [kind, peer, id, randomId, lastId, unread, ids] =
    unpack<[number, number, number, string, number, number, number[]?]>(bytes);
  const event = { kind: EVENT_KINDS[kind] ?? 'message', peer, id, randomId, lastId, unread };
  return ids ? { ...event, ids } : event;
}

/** An authorisation: a key that is signed in. The key itself is sealed (seal.ts). */
export interface AuthRecord {
  readonly sealedKey: Uint8Array;
  readonly firstSalt: Uint8Array;
  readonly createdAtMs: number;
  readonly userId: number;
}

export function packAuth(auth: AuthRecord): Uint8Array {
  return pack([auth.sealedKey, auth.firstSalt, auth.createdAtMs, auth.userId]);
}

export function unpackAuth(bytes: Uint8Array): AuthRecord {
  const [sealedKey, firstSalt, createdAtMs, userId] =
    unpack<[Uint8Array, Uint8Array, number, number]>(bytes);
  return { sealedKey, firstSalt, createdAtMs, userId };
}

/** In a member's own box: one channel that the member is in. */
export interface MembershipRecord {
  readonly muted: boolean;
  /** Unix seconds. */
  readonly joinedAt: number;
}

export function packMembership(membership: MembershipRecord): Uint8Array {
  return pack([membership.muted, membership.joinedAt]);
}

export function unpackMembership(bytes: Uint8Array): MembershipRecord {
  const [muted, joinedAt] = unpack<[boolean, number]>(bytes);
  return { muted, joinedAt };
}

/** What one DC durably asks of another: the entries of an outbox. */
export type OutboxItem =
  | {
      /** Push an encoded update to all sessions of `to`: what became of a queued write. */
      readonly kind: 'tell';
      readonly to: number;
      readonly body: Uint8Array;
      /** Record of the asking DC's stream that it rests on. */
      readonly position: number;
    }
  | {
      /** `from` has changed a message that has the id `senderId` in the box of `from`. */
      readonly kind: 'edit';
      readonly to: number;
      readonly from: number;
      readonly senderId: number;
      readonly text: string;
      readonly entities: readonly Uint8Array[];
      /** Unix seconds. */
      readonly editDate: number;
    }
  | {
      /** `from` deletes messages for both sides of their chat. */
      readonly kind: 'erase';
      readonly to: number;
      readonly from: number;
      /** Ids in the box of `to`, of what `to` wrote. */
      readonly own: readonly number[];
      /** Ids in the box of `from`, of what `from` wrote. */
      readonly sent: readonly number[];
    }
  | {
      /** Put a message into the box of `to`, who is at home there. */
      readonly kind: 'deliver';
      readonly to: number;
      readonly from: number;
      readonly senderId: number;
      readonly date: number;
      readonly text: string;
      readonly entities: readonly Uint8Array[];
      /**
       * The message that it answers: its id in the box of `to`, or less than 0 for the id in the
       * box of `from` of what `from` wrote. 0 or absent for none.
       */
      readonly replyTo?: number;
    }
  | {
      /** `reader` has read what `to` wrote, up to the id in the box of `to`. */
      readonly kind: 'read';
      readonly to: number;
      readonly reader: number;
      readonly maxId: number;
    }
  | {
      /** A write of `userId` (TL-encoded), accepted while this home DC was out of reach. */
      readonly kind: 'execute';
      readonly userId: number;
      /** What makes a repeat harmless: the message's `random_id`, or a name for other writes. */
      readonly randomId: string;
      readonly request: Uint8Array;
      /** Unix seconds at which it was accepted. */
      readonly acceptedAt: number;
      /** Held back by the home DC itself: what of the same user was before it at other DCs. */
      readonly behind?: readonly Predecessor[];
      /** The number that its sender knows it by, if that was another outbox's. */
      readonly shownAs?: number;
    }
  | {
      /** `to` is in a channel of the asking DC from now on, or not any more. */
      readonly kind: 'membership';
      readonly to: number;
      readonly channelId: number;
      readonly joined: boolean;
      /** Unix seconds. */
      readonly at: number;
    }
  | {
      /** Part of the box of a user whose home is moving there; at home with the last part. */
      readonly kind: 'adopt';
      readonly userId: number;
      readonly marker: MovedMarker;
      /** From 0. */
      readonly part: number;
      readonly last: boolean;
      readonly entries: readonly (readonly [key: string, value: Uint8Array])[];
    };

/** Entries of a DC's outbox up to this number. */
export type Predecessor = readonly [dc: number, number: number];

const TELL = 5;
const EDIT = 6;
const ERASE = 7;

export function packOutboxItem(item: OutboxItem): Uint8Array {
  switch (item.kind) {
    case 'tell':
      return pack([TELL, item.to, item.body, item.position]);
    case 'edit': {
      const { to, from, senderId, text, entities, editDate } = item;
      return pack([EDIT, to, from, senderId, text, entities, editDate]);
    }
    case 'erase':
      return pack([ERASE, item.to, item.from, item.own, item.sent]);
    case 'deliver': {
      const { to, from, senderId, date, text, entities, replyTo = 0 } = item;
      return pack([0, to, from, senderId, date, text, entities, replyTo]);
    }
    case 'read':
      return pack([1, item.to, item.reader, item.maxId]);
    case 'execute': {
      const { userId, randomId, request, acceptedAt, behind = [], shownAs = 0 } = item;
      return pack([2, userId, randomId, request, acceptedAt, behind, shownAs]);
    }
    case 'membership':
      return pack([3, item.to, item.channelId, item.joined, item.at]);
    case 'adopt':
      return pack([4, item.userId, item.marker, item.part, item.last, item.entries]);
  }
}

/** Throws on bytes that are no item: they may come from another DC. */
export function unpackOutboxItem(bytes: Uint8Array): OutboxItem {
  const tuple = unpack<unknown>(bytes);
  const kind: unknown = Array.isArray(tuple) ? tuple[0] : undefined;
  const shape = LATER_SHAPES.get(kind) ?? OUTBOX_SHAPES[kind as number];
  if (!shape?.every((isRight, i) => isRight((tuple as unknown[])[i + 1]))) {
    throw new Error('that is no outbox item');
  }
  switch ((tuple as readonly unknown[])[0]) {
    case TELL: {
      const [, to, body, position] = tuple as [typeof TELL, number, Uint8Array, number];
      return { kind: 'tell', to, body, position };
    }
    case EDIT: {
      const [, to, from, senderId, text, entities, editDate] = tuple as [
        typeof EDIT,
        number,
        number,
        number,
        string,
        Uint8Array[],
        number,
      ];
      return { kind: 'edit', to, from, senderId, text, entities, editDate };
    }
    case ERASE: {
      const [, to, from, own, sent] = tuple as [typeof ERASE, number, number, number[], number[]];
      return { kind: 'erase', to, from, own, sent };
    }
    case 0: {
      const [, to, from, senderId, date, text, entities, replyTo] = tuple as [
        0,
        number,
        number,
        number,
        number,
        string,
        Uint8Array[],
        number,
      ];
      const item = { kind: 'deliver', to, from, senderId, date, text, entities } as const;
      return replyTo === 0 ? item : { ...item, replyTo };
    }
    case 1: {
      const [, to, reader, maxId] = tuple as [1, number, number, number];
      return { kind: 'read', to, reader, maxId };
    }
    case 3: {
      const [, to, channelId, joined, at] = tuple as [3, number, number, boolean, number];
      return { kind: 'membership', to, channelId, joined, at };
    }
    case 4: {
      const [, userId, marker, part, last, entries] = tuple as [
        4,
        number,
        MovedMarker,
        number,
        boolean,
        [string, Uint8Array][],
      ];
      return { kind: 'adopt', userId, marker, part, last, entries };
    }
    default: {
      const [, userId, randomId, request, acceptedAt, behind, shownAs] = tuple as [
        2,
        number,
        string,
        Uint8Array,
        number,
        Predecessor[],
        number,
      ];
      return {
        kind: 'execute',
        userId,
        randomId,
        request,
        acceptedAt,
        ...(behind.length > 0 ? { behind } : {}),
        ...(shownAs > 0 ? { shownAs } : {}),
      };
    }
  }
}

type Check = (value: unknown) => boolean;
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isFlag: Check = (value) => typeof value === 'boolean';
const isText: Check = (value) => typeof value === 'string';
const isBytes: Check = (value) => value instanceof Uint8Array;
const isBytesList: Check = (value) => Array.isArray(value) && value.every(isBytes);

const isMarker: Check = (value) =>
  Array.isArray(value) && value.length === 3 && value.every(isCount);
const isEntries: Check = (value) =>
  Array.isArray(value) &&
  value.every((pair) => Array.isArray(pair) && isText(pair[0]) && isBytes(pair[1]));
const isPredecessors: Check = (value) =>
  Array.isArray(value) &&
  value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isCount));
const isCounts: Check = (value) => Array.isArray(value) && value.every(isCount);
const isWhole: Check = (value) => Number.isSafeInteger(value);

const LATER_SHAPES: ReadonlyMap<unknown, readonly Check[]> = new Map([
  [TELL, [isCount, isBytes, isCount]],
  [EDIT, [isCount, isCount, isCount, isText, isBytesList, isCount]],
  [ERASE, [isCount, isCount, isCounts, isCounts]],
]);

/** What follows the kind in each kind of outbox item. */
const OUTBOX_SHAPES: readonly (readonly Check[])[] = [
  [isCount, isCount, isCount, isCount, isText, isBytesList, isWhole],
  [isCount, isCount, isCount],
  [isCount, isText, isBytes, isCount, isPredecessors, isCount],
  [isCount, isCount, isFlag, isCount],
  [isCount, isMarker, isCount, isFlag, isEntries],
];

/** One write of a stream record: partition, key, and the value unless the key is deleted. */
export type RecordedWrite = readonly [partition: string, key: string, value?: Uint8Array];

/** What the store takes as a name. */
const isName: Check = (value) => typeof value === 'string' && /^[\x20-\x7e]*$/.test(value);

/** Throws on bytes that are no stream record: they come from another DC. */
export function unpackStreamRecord(bytes: Uint8Array): RecordedWrite[] {
  const writes = unpack<unknown>(bytes);
  const isRight = (write: unknown): boolean =>
    Array.isArray(write) &&
    write.length >= 2 &&
    isName(write[0]) &&
    isName(write[1]) &&
    (write[2] === undefined || isBytes(write[2]));
  if (!Array.isArray(writes) || !writes.every(isRight)) throw new Error('that is no stream record');
  return writes as RecordedWrite[];
}
