/**
 * msg_id and seq_no [core.telegram.org/mtproto/description]. A msg_id is the sender's Unix time in
 * 1/2^32 seconds; its last two bits say who sent it. Ids are bigints here: they are compared and
 * looked up, hardly ever computed with.
 */
import { PROTOCOL } from './limits.ts';

/** What the last two bits of a msg_id say. */
export const MESSAGE_KIND = { client: 0n, serverAnswer: 1n, serverNotification: 3n } as const;

/** Codes of bad_msg_notification [mtproto/service_messages_about_messages]. */
export const BAD_MESSAGE = {
  idTooLow: 16,
  idTooHigh: 17,
  idLowBits: 18,
  containerIdSeen: 19,
  tooOld: 20,
  seqNoTooLow: 32,
  seqNoTooHigh: 33,
  seqNoShouldBeEven: 34,
  seqNoShouldBeOdd: 35,
  badSalt: 48,
  badContainer: 64,
} as const;

export function messageIdSeconds(id: bigint): number {
  return Number(id >> 32n);
}

/** Strictly increasing ids, even while the clock stands still or jumps back. */
export class MessageIdSource {
  #last = 0n;

  /** `wallMs` is the sender's Unix time; `kind` one of MESSAGE_KIND. */
  next(wallMs: number, kind: bigint): bigint {
    const seconds = Math.floor(wallMs / 1000);
    const fraction = Math.floor(((wallMs - seconds * 1000) / 1000) * 2 ** 30) * 4;
    const now = (BigInt(seconds) << 32n) | BigInt(fraction);
    const base = now > this.#last ? now : this.#last + 4n;
    this.#last = base;
    return base | kind;
  }

  /** By how much the newest id is ahead of the clock, seconds; large after a step back. */
  aheadSeconds(wallMs: number): number {
    return messageIdSeconds(this.#last) - wallMs / 1000;
  }
}

/** The bad_msg_notification code that a client's msg_id deserves, or undefined. */
export function checkClientMessageId(id: bigint, wallMs: number): number | undefined {
  if ((id & 3n) !== 0n) return BAD_MESSAGE.idLowBits;
  const ageSeconds = wallMs / 1000 - messageIdSeconds(id);
  if (ageSeconds > PROTOCOL.messageAgeSecondsMax) return BAD_MESSAGE.idTooLow;
  if (ageSeconds < -PROTOCOL.messageAheadSecondsMax) return BAD_MESSAGE.idTooHigh;
  return undefined;
}

/** seq_no: twice the number of content-related messages before, plus one if this is one. */
export class SeqNoSource {
  #contentRelated = 0;

  next(contentRelated: boolean): number {
    const seqNo = this.#contentRelated * 2 + (contentRelated ? 1 : 0);
    if (contentRelated) this.#contentRelated++;
    return seqNo;
  }
}

export type Seen = 'new' | 'repeated' | 'too_old';

/**
 * The last `size` to twice as many msg_ids received. What is older than all of them cannot be told
 * from a repeat and is refused.
 */
export class SeenMessages {
  readonly #size: number;
  #ids = new Set<bigint>();
  #floor = 0n;

  constructor(size: number) {
    this.#size = size;
  }

  check(id: bigint): Seen {
    if (this.#ids.has(id)) return 'repeated';
    return id <= this.#floor ? 'too_old' : 'new';
  }

  add(id: bigint): void {
    this.#ids.add(id);
    if (this.#ids.size < this.#size * 2) return;
    const sorted = [...this.#ids].sort((a, b) => (a < b ? -1 : 1));
    this.#floor = sorted[this.#size - 1]!;
    this.#ids = new Set(sorted.slice(this.#size));
  }
}
