/**
 * Every limit of a datacentre in one place: queues, caches, batches, time-outs. Each says its unit
 * and what happens beyond it. Relations that must hold are asserted when the module loads.
 */
import assert from 'node:assert/strict';

export const LIMITS = {
  /** Appends waiting for the next group commit; beyond it new writes are refused (503). */
  appendsPendingMax: 20_000,
  /** Writes that nobody waits for (replicas, deletions) wait for company at most this long. */
  lazyAppendMs: 20,
  /** Appends and bytes that one group commit takes at most. */
  commitAppendsMax: 2_048,
  commitBytesMax: 4 << 20,

  /** Entries of a numbered log kept in memory for links that are up to date. */
  tailEntriesMax: 4_096,
  tailBytesMax: 8 << 20,
  /** Acknowledged entries are deleted so many at a time. */
  trimEntriesMin: 64,
  trimEntriesMax: 1_024,
  /** Entries read from the store at once by a link that catches up. */
  catchUpEntriesMax: 256,
  /**
   * Records of the own stream that are kept for a DC that lags or is away; beyond either it will
   * need a snapshot.
   */
  streamEntriesMax: 2_000_000,
  streamBytesMax: 2 ** 30,

  /** Writes that may wait in the outbox for one DC; beyond it they are refused (503). */
  outboxEntriesMax: 5_000_000,

  /** Bytes of log entries sent on a link and not yet acknowledged. */
  linkWindowBytes: 4 << 20,
  /** Bytes waiting in a link's socket; beyond it the link is closed and starts again. */
  linkBufferedBytesMax: 64 << 20,
  /** One frame of a link. Larger than any group commit with its framing. */
  linkFrameBytesMax: 16 << 20,
  /** The first frame, from somebody who has proved nothing yet. */
  linkHelloBytesMax: 256,
  linkConnectMs: 3_000,
  linkPingMs: 500,
  /** Without any frame for so long a link counts as down. */
  linkSilenceMs: 2_000,
  linkBackoffMinMs: 100,
  linkBackoffMaxMs: 1_000,
  /** Acknowledgements are sent at most this late after the write was durable. */
  linkAckDelayMs: 20,
  /** Records of a stream that are not urgent wait for company: so long, and so many at most. */
  streamPatienceMs: 100,
  patientEntriesMax: 64,
  /** Users in one `queued` frame. */
  queuedUsersPerFrameMax: 4_096,
  /** After a start, writes are held so long for peers that have not told what waits there. */
  holdUnsureMs: 2_000,
  /** A read waits so long for the replica to reach what its session has seen; then it goes home. */
  freshnessWaitMs: 150,
  /** Items of other DCs' outboxes staged, not durable: fewest, most; a commit this slow halves. */
  drainWindowMin: 16,
  drainWindowMax: 2_048,
  drainSlowMs: 100,
  /** Channels and supergroups that a user may be in (Telegram: 500, 1,000 with Premium). */
  channelsPerUserMax: 500,
  /** Channels in one `interest` frame; evictions remembered before old ones are looked through. */
  channelsPerFrameMax: 4_096,
  evictionsKeptMax: 10_000,
  /** While this DC is not sure who may hear a channel, it waits so long for its copy at a time. */
  audienceSureMs: 60_000,
  /** Meanwhile posts of a channel are only hinted at, no oftener than this. */
  audienceHintMs: 1_000,
  /** Members of one channel; beyond it joining is refused with USERS_TOO_MUCH. */
  membersPerChannelMax: 200_000,
  adminsPerChannelMax: 50,
  channelTitleCharactersMax: 128,
  channelAboutCharactersMax: 255,
  /** Channels kept in memory, and members of each of them. */
  channelsCachedMax: 2_000,
  membersCachedPerChannelMax: 10_000,
  /** A channel remembers `random_id`s for so long, and so many at most. */
  channelRandomIdsMs: 600_000,
  channelRandomIdsMax: 200_000,
  /** Steps of a channel read at once when it is loaded. */
  channelEventsPageMax: 1_000,
  /** updates.getChannelDifference: steps in one answer, and how far back before "too long". */
  channelDifferenceEventsMax: 1_000,
  channelDifferenceTooLongEvents: 10_000,
  /** channels.getParticipants: Telegram's own maximum; members looked through for a name. */
  participantsMax: 200,
  participantsSearchedMax: 5_000,
  /** Messages named in one request to delete or to get. */
  messageIdsPerRequestMax: 100,
  /** Newest messages of a channel kept in memory where it is read, and bytes of all of them. */
  hotMessagesPerChannelMax: 1_000,
  hotBytesMax: 64 << 20,
  /** Popular from so many posts a minute times DCs that hear them, until below so many so long. */
  popularAbovePerMinute: 120,
  popularBelowPerMinute: 30,
  popularLingerMs: 60_000,
  /** messages.getDialogs: chats in one answer, and looked through for it. */
  dialogsMax: 100,
  dialogsLookedThroughMax: 2_000,
  /** The oldest write waits so long: full pressure (admission.ts). When the refused come back. */
  writeWaitMs: 2_000,
  shedWaitSecondsMax: 8,
  /** Entries of a box in one outbox item when its user moves; old ways are asked after so often. */
  moveEntriesMax: 200,
  /** A user who moves is held up so long at most for what is under way; looked at so often. */
  moveWaitMs: 2_000,
  movePollMs: 20,
  oldWayAskMs: 500,
  /** Calls of one DC to another that are under way, per link. */
  peerCallsPendingMax: 256,
  peerCallMs: 10_000,

  /** A page of a snapshot; the next is asked for while one is written. */
  snapshotPageBytes: 512 << 10,
  /**
   * The same for a DC that serves nobody yet: fewer round trips. 64 MiB over the delays of the map
   * took 13 s with pages of 512 KiB, 9 s with these, 7 s with 2 MiB; a question to a giving DC then
   * took 5 to 9, 8 to 16, 14 to 27 ms at the 99th percentile.
   */
  snapshotLargePageBytes: 1 << 20,
  /** Entries of one read of the store for a page. */
  snapshotReadEntriesMax: 512,
  /** Between two pages at least so long, and never less than the last one took to write. */
  snapshotPauseMs: 2,
  /** The stream is kept so long for a DC that takes a snapshot and has stopped asking. */
  snapshotLeaseMs: 60_000,
  /** A snapshot that failed is tried again after so long. */
  snapshotRetryMs: 500,
  /** A DC that may have lost its disk waits so long for those it must ask, and asks so often. */
  restoreWaitMs: 10_000,
  restorePollMs: 50,

  /** A read that meets damage waits so long for it to be put right, then it fails (500). */
  damageWaitMs: 3_000,
  /** What could not be put right is tried again after so long. */
  damageRetryMs: 500,
  /** Damaged entries known at a time; more are found again when these are right. */
  damagesPendingMax: 10_000,
  /** Entries asked for, or to be rewritten, in one question. */
  repairKeysMax: 128,
  /** The disk is read through for damage, so many entries at a time with so long between. */
  scrubPageEntries: 256,
  scrubPauseMs: 500,
  /** And from the beginning again after so long. */
  scrubRestMs: 60_000,
  /** A copy is compared with its master chunk by chunk: so large, with so long between two. */
  compareEntriesMax: 1_024,
  compareBytesMax: 512 << 10,
  comparePauseMs: 2_000,
  /** What differs is looked at again after so long. */
  compareAgainMs: 250,

  /** Requests forwarded to a home DC and not yet answered, per link. */
  forwardsPendingMax: 10_000,
  /** A forwarded request without an answer for so long is in doubt. */
  forwardMs: 1_500,

  /** Message boxes kept in memory. */
  boxesCachedMax: 50_000,
  /** A box remembers the `random_id`s of so many of its last own messages. */
  randomIdsPerBoxMax: 512,
  usersCachedMax: 100_000,
  authKeysCachedMax: 100_000,

  /** Sessions of one user that get pushes; the oldest is closed beyond it. */
  sessionsPerUserMax: 64,

  /** updates.getDifference: events in one answer, and how far back before "too long". */
  differenceEventsMax: 1_000,
  differenceTooLongEvents: 100_000,
  /** messages.getHistory: Telegram's own maximum. */
  historyMessagesMax: 100,
  /** users.getUsers and contacts.importContacts: entries in a request. */
  usersPerRequestMax: 200,
  /** Characters of a message's text (config.message_length_max). */
  messageCharactersMax: 4_096,
  entitiesPerMessageMax: 100,
  nameCharactersMax: 64,

  /** Sign-in codes: lifetime, wrong guesses, codes for one number in a window. */
  codeMs: 300_000,
  codeAttemptsMax: 5,
  codesPerPhoneMax: 10,
  codesPhoneWindowMs: 600_000,
  codesPendingMax: 100_000,
} as const;

/** All limits, or some of them with other values: for tests and worlds that must reach them. */
export type Limits = { readonly [Name in keyof typeof LIMITS]: number };

assert(LIMITS.linkFrameBytesMax > 2 * LIMITS.commitBytesMax, 'a commit must fit in a frame');
assert(LIMITS.linkSilenceMs > 2 * LIMITS.linkPingMs, 'one lost ping is not silence');
assert(LIMITS.linkWindowBytes < LIMITS.linkBufferedBytesMax, 'the window bounds the buffer');
assert(2 * LIMITS.snapshotLargePageBytes < LIMITS.linkFrameBytesMax, 'a page must fit in a frame');
assert(LIMITS.snapshotPageBytes <= LIMITS.snapshotLargePageBytes);
assert(LIMITS.tailEntriesMax < LIMITS.streamEntriesMax, 'what is in memory is kept on disk too');
assert(LIMITS.tailEntriesMax > LIMITS.catchUpEntriesMax, 'catching up must reach the tail');
assert(LIMITS.differenceEventsMax < LIMITS.differenceTooLongEvents);
assert(LIMITS.popularBelowPerMinute < LIMITS.popularAbovePerMinute, 'popularity needs hysteresis');
assert(LIMITS.channelDifferenceEventsMax < LIMITS.channelDifferenceTooLongEvents);
