/** Every limit of the MTProto layer, and how they hang together. */
import assert from 'node:assert/strict';

/** Numbers that the protocol's documentation fixes (core.telegram.org/mtproto). */
export const PROTOCOL = {
  /** A client's msg_id older than this is refused [description#message-identifier-msg-id]. */
  messageAgeSecondsMax: 300,
  /** A client's msg_id further in the future than this is refused. */
  messageAheadSecondsMax: 30,
  /** How long a salt is the current one, and how long it is good for afterwards. */
  saltSeconds: 1_800,
  saltOverlapSeconds: 1_800,
  /** The first salt of a key, from the nonces of its handshake: we honour it for an hour. */
  firstSaltSeconds: 3_600,
  futureSaltsMax: 64,
  paddingBytesMin: 12,
  paddingBytesMax: 1_024,
  /** Messages in one container, ids in one msgs_ack, msgs_state_req or msg_resend_req. */
  containerMessagesMax: 1_024,
  messageIdsMax: 8_192,
  /** How long an unfinished key exchange is remembered [mtproto/auth_key]. */
  handshakeSeconds: 600,
} as const;

/** Largest packet either end takes: 1 MiB of payload, and what wraps it. */
export const PACKET_BYTES_MAX: number = 1_048_576 + 4_096;

/** What one server spends on its clients; a host may choose its own. */
export interface ServerLimits {
  /** From accepting a connection to its first complete packet. */
  readonly handshakeTimeoutMs: number;
  /** Without any packet; clients ping every minute or so. */
  readonly idleTimeoutMs: number;
  /** From our end of a connection to the client's; what it has not read by then is lost. */
  readonly hangUpTimeoutMs: number;
  /** Bytes a client may leave unread before it is cut off. */
  readonly bufferedBytesMax: number;
  /** Packets (and their bytes) that wait while an auth key is looked up or stored. */
  readonly waitingPacketsMax: number;
  readonly waitingBytesMax: number;
  readonly sessionsPerConnectionMax: number;
  /** Sessions of all connections together; the longest unused one goes first. */
  readonly sessionsMax: number;
  /** How long a session without a connection is kept. */
  readonly detachedSessionMs: number;
  /** msg_ids remembered for each session, to tell repeats. */
  readonly seenMessagesMax: number;
  /** Answers kept to be sent again, and everything unacknowledged or waiting, for each session. */
  readonly keptMessagesMax: number;
  readonly keptBytesMax: number;
  /** Calls of one session that have not been answered yet. */
  readonly pendingCallsMax: number;
  /** Acknowledgements that travel alone when this many are due, or after this long. */
  readonly acksPendingMax: number;
  readonly ackDelayMs: number;
  /** An unfinished key exchange on a connection may be restarted this many times. */
  readonly handshakesPerConnectionMax: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  handshakeTimeoutMs: 10_000,
  idleTimeoutMs: 300_000,
  hangUpTimeoutMs: 2_000,
  bufferedBytesMax: 4_194_304,
  waitingPacketsMax: 256,
  waitingBytesMax: 4_194_304,
  sessionsPerConnectionMax: 16,
  sessionsMax: 200_000,
  detachedSessionMs: 60_000,
  seenMessagesMax: 512,
  keptMessagesMax: 1_024,
  keptBytesMax: 4_194_304,
  pendingCallsMax: 1_024,
  acksPendingMax: 16,
  ackDelayMs: 500,
  handshakesPerConnectionMax: 8,
};

/** Throws when limits contradict each other or the protocol. */
export function assertLimits(limits: ServerLimits): void {
  assert(limits.waitingBytesMax >= PACKET_BYTES_MAX, 'a whole packet must be able to wait');
  assert(limits.keptBytesMax >= PACKET_BYTES_MAX, 'a whole answer must be able to wait');
  assert(limits.bufferedBytesMax >= PACKET_BYTES_MAX, 'a whole packet must fit the buffer');
  assert(limits.ackDelayMs < 10_000, 'clients repeat what is not acknowledged');
  assert(limits.acksPendingMax <= PROTOCOL.messageIdsMax);
  assert(limits.seenMessagesMax >= limits.acksPendingMax);
}

assertLimits(DEFAULT_LIMITS);
