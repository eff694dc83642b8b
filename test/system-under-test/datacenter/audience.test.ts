/** Who is told to look when he becomes a listener: whoever may have missed a post until then. */
import { expect, test } from 'vitest';
import { Audience } from '../../../system-under-test/datacenter/audience.ts';
import { Delivery } from '../../../system-under-test/datacenter/delivery.ts';
import { Freshness, type Seen } from '../../../system-under-test/datacenter/freshness.ts';
import { Homes } from '../../../system-under-test/datacenter/homes.ts';
import { channelIdOf, userIdOf } from '../../../system-under-test/datacenter/keys.ts';
import type { SessionContext } from '../../../system-under-test/datacenter/session-context.ts';
import type { ServerSession } from '../../../system-under-test/mtproto/server-api.ts';
import { decodeTl, encodeTl, type tl } from '../../../system-under-test/schema/tl.ts';
import { manualClock } from './manual-clock.ts';

const [HERE, ELSEWHERE] = [2, 4];
const HERE_CHANNEL = channelIdOf(HERE, 1);
const FAR_CHANNEL = channelIdOf(ELSEWHERE, 1);
const [OLD, NEW, WRITER] = [userIdOf(HERE, 1), userIdOf(HERE, 2), userIdOf(ELSEWHERE, 1)];

interface Told {
  readonly session: ServerSession;
  readonly seen: Seen;
  /** What was pushed, "post" or "look" each, in order. */
  readonly updates: string[];
}

function sessionOf(userId: number): Told {
  const seen: Seen = new Map();
  const updates: string[] = [];
  const context: SessionContext = { userId, seen };
  const session: ServerSession = {
    authKey: {
      id: `key of ${userId}`,
      key: new Uint8Array(256),
      firstSalt: new Uint8Array(8),
      createdAtMs: 0,
    },
    sessionId: String(userId),
    layer: 0,
    wantsUpdates: true,
    init: undefined,
    context,
    connected: true,
    sendUpdate: (body) => {
      const sent = decodeTl(body) as tl.TypeUpdates;
      const isHint = sent._ === 'updateShort' && sent.update._ === 'updateChannelTooLong';
      updates.push(isHint ? 'look' : 'post');
    },
    close: () => {},
  };
  return { session, seen, updates };
}

const POST = encodeTl({ _: 'updates', updates: [], users: [], chats: [], date: 0, seq: 0 });

/** The audience of DC 2; who is in which channel is what the test says. */
function audienceHere() {
  const clock = manualClock();
  const homes = new Homes(HERE);
  const freshness = new Freshness(clock, () => {});
  freshness.open(ELSEWHERE, 0);
  const delivery = new Delivery(HERE, (userId) => homes.of(userId), {
    push: () => {},
    attach: () => {},
    detach: () => {},
  });
  const members = new Set<string>();
  /** Reads of the store wait while there is one. */
  let stall: Promise<void> | undefined;
  const audience = new Audience({
    dc: HERE,
    homes,
    freshness,
    delivery,
    clock,
    channelsOf: async (userId) => {
      await stall;
      const channels = [HERE_CHANNEL, FAR_CHANNEL];
      return channels.filter((channelId) => members.has(`${channelId}/${userId}`));
    },
    hears: async (channelId, userId) => members.has(`${channelId}/${userId}`),
    links: { interest: () => {}, disinterest: () => {}, post: () => {}, evict: () => {} },
  });
  return {
    audience,
    freshness,
    join: (channelId: number, userId: number) => members.add(`${channelId}/${userId}`),
    open: (userId: number): Told => {
      const told = sessionOf(userId);
      delivery.open(userId, told.session);
      return told;
    },
    stallReads: (): (() => void) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      stall = promise;
      return resolve;
    },
  };
}

/** Somebody here hears the far channel for sure, and nothing more is to be told to him. */
async function withListener() {
  const here = audienceHere();
  here.join(FAR_CHANNEL, OLD);
  const old = here.open(OLD);
  await here.audience.userCame(OLD);
  here.audience.evicted(ELSEWHERE, FAR_CHANNEL, 0, 0);
  await new Promise(setImmediate);
  old.updates.length = 0;
  return { ...here, old };
}

test('a post that comes before the copy knows of the join is not missed', async () => {
  const { audience, freshness, join, open, old } = await withListener();
  const joiner = open(NEW);
  await audience.userCame(NEW);
  // Record 1 is the join, record 2 the post; the post takes the faster way.
  audience.posted(ELSEWHERE, FAR_CHANNEL, WRITER, '', POST, 2);
  expect(old.updates).toEqual(['post']);
  expect(joiner.updates).toEqual([]);
  join(FAR_CHANNEL, NEW);
  freshness.applied(ELSEWHERE, 1);
  await audience.look(FAR_CHANNEL, NEW);
  expect(joiner.updates).toEqual(['look']);
  // The copy, which has record 1 only, must not be what the question is answered from.
  expect(joiner.seen.get(ELSEWHERE)).toBe(2);
  expect(old.updates).toEqual(['post']);
  audience.posted(ELSEWHERE, FAR_CHANNEL, WRITER, '', POST, 3);
  expect(joiner.updates).toEqual(['look', 'post']);
});

test('nor is one at the channel’s home, before its first listener is one', async () => {
  const { audience, join, open } = audienceHere();
  const joiner = open(NEW);
  await audience.userCame(NEW);
  join(HERE_CHANNEL, NEW);
  const looked = audience.look(HERE_CHANNEL, NEW);
  audience.post(HERE_CHANNEL, WRITER, '', POST);
  await looked;
  expect(joiner.updates).toEqual(['look']);
  await audience.look(HERE_CHANNEL, NEW);
  expect(joiner.updates).toEqual(['look']); // he is a listener already
});

test('who comes back is told to look if a post passed while he was looked up', async () => {
  const { audience, join, open, stallReads } = await withListener();
  join(FAR_CHANNEL, NEW);
  const goOn = stallReads();
  const back = open(NEW);
  const came = audience.userCame(NEW);
  audience.posted(ELSEWHERE, FAR_CHANNEL, WRITER, '', POST, 2);
  goOn();
  await came;
  expect(back.updates).toEqual(['look']);
});

test('and otherwise not: he asks anyway', async () => {
  const { audience, join, open } = await withListener();
  join(FAR_CHANNEL, NEW);
  audience.posted(ELSEWHERE, FAR_CHANNEL, WRITER, '', POST, 2);
  const back = open(NEW);
  await audience.userCame(NEW);
  expect(back.updates).toEqual([]);
  audience.posted(ELSEWHERE, FAR_CHANNEL, WRITER, '', POST, 3);
  expect(back.updates).toEqual(['post']);
});
