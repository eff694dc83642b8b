/**
 * How large a message is on the wire: in TL as the backend serves it, beside the same in Protobuf
 * and in JSON, over a messenger's mix of kinds and lengths. Source A claims that TL is "about 30 %
 * smaller than Protobuf". Each message is a request, its answer and a push; what is the same in all
 * three (encryption, transport, files) is left out.
 */
import protobuf from 'protobufjs';
import { exponential, intBelow, uniform53 } from '../../sim/core/draws.ts';
import { keyOfSeed } from '../../sim/core/seed.ts';
import { randomStream } from '../../sim/core/streams.ts';
import type { Xoshiro128 } from '../../sim/core/xoshiro.ts';
import { type Kind, MIXES } from '../../sim/traffic/kinds.ts';
import { type AnyTl, encodeTl, longOfBigInt, type tl } from '../../system-under-test/schema/tl.ts';
import type { BenchResult } from './run.ts';

const MESSAGES = 20_000;
/** Mean length of a text (given in profile A); the longest that Telegram takes. */
const TEXT_BYTES = 150;
const TEXT_BYTES_MAX = 4096;
const USERS = 800e6;
const CLAIM = 0.7;

/** What a message says, whatever the encoding. */
interface Facts {
  readonly kind: Kind;
  readonly sender: number;
  readonly peer: number;
  readonly peerHash: bigint;
  readonly randomId: bigint;
  readonly id: number;
  readonly pts: number;
  readonly date: number;
  readonly text: string;
  readonly photo: { readonly id: bigint; readonly hash: bigint; readonly reference: Uint8Array };
  readonly name: string;
}

export async function bench(): Promise<BenchResult[]> {
  const random = randomStream(keyOfSeed('wire sizes'), 'bench.facts');
  const sums = { tl: 0, protobuf: 0, json: 0 };
  const empty = { tl: 0, protobuf: 0, json: 0 };
  for (let i = 0; i < MESSAGES; i++) {
    const facts = factsOf(random);
    add(sums, facts);
    add(empty, { ...facts, text: '' });
  }
  const row = (name: string, bytes: number, to: number): BenchResult => ({
    ...{ name, value: bytes / MESSAGES, unit: 'bytes a message' },
    ...{ ratioTo: 'the same in Protobuf', ratio: bytes / to },
  });
  const judged = sums.tl / sums.protobuf;
  const percent = Math.round(Math.abs(judged - 1) * 100);
  const compared = `${percent} % ${judged < 1 ? 'smaller' : 'larger'}`;
  const verdict = judged <= CLAIM ? 'holds' : `does not hold: ${compared}`;
  return [
    { ...row('TL, request, answer and push', sums.tl, sums.protobuf), note: claimNote(verdict) },
    row('Protobuf', sums.protobuf, sums.protobuf),
    row('JSON', sums.json, sums.protobuf),
    row('TL, all but the text', empty.tl, empty.protobuf),
    row('Protobuf, all but the text', empty.protobuf, empty.protobuf),
    row('JSON, all but the text', empty.json, empty.protobuf),
  ];
}

const claimNote = (verdict: string): string =>
  `source A's claim that TL is about 30 % smaller than Protobuf ${verdict}`;

function factsOf(random: Xoshiro128): Facts {
  const bigint = (): bigint => (BigInt(random.nextWord()) << 32n) | BigInt(random.nextWord());
  const length = Math.round(exponential(random, TEXT_BYTES));
  const bytes = Math.min(TEXT_BYTES_MAX, Math.max(1, length));
  return {
    kind: kindOf(uniform53(random)),
    sender: 1 + Math.floor(uniform53(random) * USERS),
    peer: 1 + Math.floor(uniform53(random) * USERS),
    peerHash: BigInt.asIntN(64, bigint()),
    randomId: BigInt.asIntN(64, bigint()),
    id: 1 + intBelow(random, 200_000),
    pts: 1 + intBelow(random, 400_000),
    date: 1_768_460_400 + intBelow(random, 86_400),
    text: 'x'.repeat(bytes),
    photo: {
      id: BigInt.asIntN(64, bigint()),
      hash: BigInt.asIntN(64, bigint()),
      reference: Uint8Array.from({ length: 24 }, () => intBelow(random, 256)),
    },
    name: 'x'.repeat(4 + intBelow(random, 9)),
  };
}

/** By the mix; bots speak JSON over HTTP anyway and are left out. */
function kindOf(share: number): Kind {
  const { messenger } = MIXES;
  let sum = 0;
  for (const kind of ['direct', 'group', 'supergroup', 'channel'] as const) {
    sum += messenger[kind];
    if (share < sum) return kind;
  }
  return 'media';
}

function add(sums: { tl: number; protobuf: number; json: number }, facts: Facts): void {
  for (const object of tlOf(facts)) sums.tl += encodeTl(object).length;
  for (const [type, value] of protobufOf(facts)) {
    const problem = type.verify(value);
    if (problem !== null) throw new Error(`bench: ${type.name}: ${problem}`);
    sums.protobuf += type.encode(type.create(value)).finish().length;
    sums.json += new TextEncoder().encode(JSON.stringify(jsonOf(value))).length;
  }
}

/** Request, answer and push, as the backend reads and writes them. */
function tlOf(facts: Facts): AnyTl[] {
  const { kind, sender, peer, peerHash, randomId, id, pts, date, text, photo, name } = facts;
  const hash = longOfBigInt(peerHash);
  const isChannel = kind === 'supergroup' || kind === 'channel';
  const to: tl.TypeInputPeer = isChannel
    ? { _: 'inputPeerChannel', channelId: peer, accessHash: hash }
    : kind === 'group'
      ? { _: 'inputPeerChat', chatId: peer }
      : { _: 'inputPeerUser', userId: peer, accessHash: hash };
  const own = { id: longOfBigInt(photo.id), accessHash: longOfBigInt(photo.hash) };
  const media: tl.TypeInputMedia = {
    _: 'inputMediaPhoto',
    id: { _: 'inputPhoto', ...own, fileReference: photo.reference },
  };
  const about = { peer: to, message: text, randomId: longOfBigInt(randomId) };
  const request: AnyTl =
    kind === 'media'
      ? { _: 'messages.sendMedia', ...about, media }
      : { _: 'messages.sendMessage', ...about };
  const from: tl.TypePeer = { _: 'peerUser', userId: sender };
  const message: tl.RawMessage = {
    ...{ _: 'message', id, date, message: text },
    fromId: from,
    peerId: isChannel
      ? { _: 'peerChannel', channelId: peer }
      : kind === 'group'
        ? { _: 'peerChat', chatId: peer }
        : from,
    ...(kind === 'media' ? { media: photoOf(own, photo.reference, date) } : {}),
  };
  const update: tl.TypeUpdate = {
    _: isChannel ? 'updateNewChannelMessage' : 'updateNewMessage',
    ...{ message, pts, ptsCount: 1 },
  };
  const user: tl.TypeUser = { _: 'user', id: sender, accessHash: hash, firstName: name };
  return [
    request,
    { _: 'updateShortSentMessage', out: true, id, pts, ptsCount: 1, date },
    { _: 'updates', updates: [update], users: [user], chats: [], date, seq: 0 },
  ];
}

function photoOf(
  own: Pick<tl.RawPhoto, 'id' | 'accessHash'>,
  fileReference: Uint8Array,
  date: number,
): tl.RawMessageMediaPhoto {
  const size: tl.RawPhotoSize = { _: 'photoSize', type: 'x', w: 800, h: 600, size: 91_532 };
  const sizes = [size];
  const photo: tl.RawPhoto = { _: 'photo', ...own, fileReference, date, sizes, dcId: 2 };
  return { _: 'messageMediaPhoto', photo };
}

/**
 * The same facts as one would design them for Protobuf: small numbers as varints, random 64 bits
 * fixed, a oneof for each choice.
 */
const SCHEMA = protobuf.parse(`
  syntax = "proto3";
  message InputPeer {
    oneof peer { uint64 user = 1; uint64 chat = 2; uint64 channel = 3; }
    sfixed64 access_hash = 4;
  }
  message InputPhoto { sfixed64 id = 1; sfixed64 access_hash = 2; bytes file_reference = 3; }
  message Send {
    InputPeer peer = 1; string message = 2; sfixed64 random_id = 3; InputPhoto photo = 4;
  }
  message Sent {
    bool out = 1; uint32 id = 2; uint32 pts = 3; uint32 pts_count = 4; uint32 date = 5;
  }
  message Peer { oneof peer { uint64 user = 1; uint64 chat = 2; uint64 channel = 3; } }
  message PhotoSize { string type = 1; uint32 w = 2; uint32 h = 3; uint32 size = 4; }
  message Photo {
    sfixed64 id = 1; sfixed64 access_hash = 2; bytes file_reference = 3; uint32 date = 4;
    repeated PhotoSize sizes = 5; uint32 dc_id = 6;
  }
  message Message {
    uint32 id = 1; Peer from_id = 2; Peer peer_id = 3;
    uint32 date = 4; string message = 5; Photo photo = 6;
  }
  message NewMessage { Message message = 1; uint32 pts = 2; uint32 pts_count = 3; }
  message Update {
    oneof update { NewMessage new_message = 1; NewMessage new_channel_message = 2; }
  }
  message User { uint64 id = 1; sfixed64 access_hash = 2; string first_name = 3; }
  message Updates {
    repeated Update updates = 1; repeated User users = 2; uint32 date = 3; uint32 seq = 4;
  }
`).root;
const [SEND, SENT, UPDATES] = ['Send', 'Sent', 'Updates'].map((name) => SCHEMA.lookupType(name));

type Plain = { [name: string]: unknown };

function protobufOf(facts: Facts): [protobuf.Type, Plain][] {
  const { kind, sender, peer, peerHash, randomId, id, pts, date, text, photo, name } = facts;
  const isChannel = kind === 'supergroup' || kind === 'channel';
  const hash = fixed(peerHash);
  const whom = isChannel ? { channel: peer } : kind === 'group' ? { chat: peer } : { user: peer };
  const own = { id: fixed(photo.id), accessHash: fixed(photo.hash) };
  const reference = { fileReference: photo.reference };
  const size = { type: 'x', w: 800, h: 600, size: 91_532 };
  const withPhoto = kind === 'media';
  const send = {
    peer: kind === 'group' ? whom : { ...whom, accessHash: hash },
    ...{ message: text, randomId: fixed(randomId) },
    ...(withPhoto ? { photo: { ...own, ...reference } } : {}),
  };
  const message = {
    ...{ id, fromId: { user: sender }, date, message: text },
    peerId: isChannel || kind === 'group' ? whom : { user: sender },
    ...(withPhoto ? { photo: { ...own, ...reference, date, sizes: [size], dcId: 2 } } : {}),
  };
  const news = { message, pts, ptsCount: 1 };
  const update = isChannel ? { newChannelMessage: news } : { newMessage: news };
  const user = { id: sender, accessHash: hash, firstName: name };
  return [
    [SEND!, send],
    [SENT!, { out: true, id, pts, ptsCount: 1, date }],
    [UPDATES!, { updates: [update], users: [user], date, seq: 0 }],
  ];
}

/** A 64-bit number as protobufjs takes it. */
function fixed(value: bigint): { low: number; high: number; unsigned: boolean } {
  const low = Number(BigInt.asIntN(32, value));
  return { low, high: Number(BigInt.asIntN(32, value >> 32n)), unsigned: false };
}

/** As JSON: 64-bit numbers as decimal text (JavaScript would round them), bytes as base64. */
function jsonOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object' || value === null) return value;
  if ('low' in value && 'high' in value) {
    const { low, high } = value as { low: number; high: number };
    return String((BigInt(high) << 32n) | BigInt(low >>> 0));
  }
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, jsonOf(part)]));
}
