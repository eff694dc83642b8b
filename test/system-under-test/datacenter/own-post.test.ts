/** A post as its sender's other devices see it. */
import { expect, test } from 'vitest';
import { asSeenBySender } from '../../../system-under-test/datacenter/own-post.ts';
import { decodeTl, encodeTl, type tl } from '../../../system-under-test/schema/tl.ts';

const post = (userId: number, extra: Partial<tl.RawMessage> = {}): tl.RawUpdates => ({
  _: 'updates',
  updates: [
    {
      _: 'updateNewChannelMessage',
      pts: 3,
      ptsCount: 1,
      message: {
        _: 'message',
        id: 2,
        fromId: { _: 'peerUser', userId },
        peerId: { _: 'peerChannel', channelId: 9 },
        date: 1,
        message: 'hello',
        ...extra,
      },
    },
  ],
  users: [],
  chats: [],
  date: 1,
  seq: 0,
});

test('own messages are outgoing, the others are not', () => {
  expect(decodeTl(asSeenBySender(encodeTl(post(7)), 7))).toMatchObject(post(7, { out: true }));
  expect(asSeenBySender(encodeTl(post(8)), 7)).toEqual(encodeTl(post(8)));
  const hint = encodeTl({ _: 'updatesTooLong' });
  expect(asSeenBySender(hint, 7)).toBe(hint);
});
