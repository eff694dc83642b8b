import { readFileSync } from 'node:fs';
import {
  TlBinaryReader,
  TlBinaryWriter,
  type TlReaderMap,
  type TlWriterMap,
} from '@mtcute/tl-runtime';
import { expect, test } from 'vitest';
import * as newerReaders from '../../../node_modules/@mtcute/core/tl/binary/reader.js';
import * as newerWriters from '../../../node_modules/@mtcute/core/tl/binary/writer.js';
import {
  convertAnswer,
  convertToLayer,
  NEWER_LAYER,
} from '../../../system-under-test/schema/layers.ts';
import { generateFromInstalled } from '../../../system-under-test/schema/request-readers.generator.ts';
import {
  decodeMethod,
  encodeResult,
  encodeTl,
  longOf,
  type tl,
} from '../../../system-under-test/schema/tl.ts';

const message: tl.RawMessage = {
  _: 'message',
  id: 7,
  peerId: { _: 'peerUser', userId: 5 },
  date: 1_700_000_000,
  message: 'hello',
  out: true,
  replyTo: { _: 'messageReplyHeader', replyToMsgId: 3 },
};

function readNewer(body: Uint8Array): unknown {
  const readers = (newerReaders as unknown as { __tlReaderMap: TlReaderMap }).__tlReaderMap;
  return TlBinaryReader.deserializeObject(readers, body);
}

test.each(['request-readers.gen.ts', 'layer-227.gen.ts'])('%s is current', (file) => {
  const url = new URL(`../../../system-under-test/schema/${file}`, import.meta.url);
  const { readers, writers } = generateFromInstalled();
  expect(readFileSync(url, 'utf8') === (file.startsWith('layer') ? writers : readers)).toBe(true);
});

test('a client of layer 227 reads what was written in layer 223', () => {
  const body = encodeTl({
    _: 'messages.messages',
    messages: [message],
    topics: [],
    chats: [],
    users: [],
  });
  const converted = convertToLayer(body, NEWER_LAYER);
  expect(converted).not.toEqual(body);
  expect(readNewer(converted)).toMatchObject({ messages: [message] });
  expect(convertToLayer(body, NEWER_LAYER)).toBe(converted);
  expect(convertToLayer(body, 223)).toBe(body);
});

test('fields that only the newer layer has are empty', () => {
  const dialog: tl.RawDialog = {
    _: 'dialog',
    peer: { _: 'peerUser', userId: 5 },
    topMessage: 1,
    readInboxMaxId: 1,
    readOutboxMaxId: 1,
    unreadCount: 0,
    unreadMentionsCount: 0,
    unreadReactionsCount: 0,
    notifySettings: { _: 'peerNotifySettings' },
  };
  const converted = readNewer(convertToLayer(encodeTl(dialog), NEWER_LAYER));
  expect(converted).toMatchObject({ ...dialog, unreadPollVotesCount: 0 });
});

test('answers that are no objects stay as they are', () => {
  const yes = encodeResult('account.updateStatus', true);
  expect(convertToLayer(yes, NEWER_LAYER)).toEqual(yes);
  const users = encodeResult('users.getUsers', [{ _: 'userEmpty', id: 7 }]);
  expect(convertToLayer(users, NEWER_LAYER)).toEqual(users);
});

test('requests of layer 227 are read as those of 223', () => {
  const request = {
    _: 'messages.sendMessage',
    peer: { _: 'inputPeerSelf' },
    message: 'hello',
    randomId: longOf(1, 2),
  } as tl.RpcMethod;
  const writers = (newerWriters as unknown as { __tlWriterMap: TlWriterMap }).__tlWriterMap;
  const newer = TlBinaryWriter.serializeObject(writers, request);
  expect(newer).not.toEqual(encodeTl(request));
  expect(decodeMethod(newer)).toMatchObject(request);
});

test('joining answers in the type that the newer layer gave it', () => {
  const updates: tl.RawUpdates = {
    _: 'updates',
    updates: [{ _: 'updateChannel', channelId: 9 }],
    users: [],
    chats: [],
    date: 1,
    seq: 0,
  };
  const body = encodeTl(updates);
  for (const method of ['channels.joinChannel', 'messages.importChatInvite']) {
    const converted = convertAnswer(method, body, NEWER_LAYER);
    expect(readNewer(converted)).toMatchObject({ _: 'messages.chatInviteJoinResultOk', updates });
    expect(convertAnswer(method, body, 223)).toBe(body);
  }
  expect(readNewer(convertAnswer('channels.leaveChannel', body, NEWER_LAYER))).toMatchObject(
    updates,
  );
});

test('a supergroup, its members and its difference are read by a client of layer 227', () => {
  const peerId = { _: 'peerChannel', channelId: 9 } as const;
  const post: tl.RawMessage = { ...message, fromId: { _: 'peerUser', userId: 5 }, peerId };
  const channel: tl.RawChannel = {
    _: 'channel',
    id: 9,
    accessHash: longOf(1, 2),
    title: 'group',
    megagroup: true,
    photo: { _: 'chatPhotoEmpty' },
    date: 1,
    adminRights: { _: 'chatAdminRights', banUsers: true },
  };
  const difference: tl.updates.RawChannelDifference = {
    _: 'updates.channelDifference',
    final: true,
    pts: 4,
    newMessages: [post],
    otherUpdates: [{ _: 'updateEditChannelMessage', message: post, pts: 4, ptsCount: 1 }],
    chats: [channel],
    users: [],
  };
  const newer = readNewer(convertToLayer(encodeTl(difference), NEWER_LAYER));
  expect(newer).toMatchObject({
    newMessages: [post],
    otherUpdates: [{ message: post }],
    chats: [{ title: 'group', megagroup: true, adminRights: { banUsers: true } }],
  });
});
