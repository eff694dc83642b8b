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
import { convertToLayer, NEWER_LAYER } from '../../../system-under-test/schema/layers.ts';
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
