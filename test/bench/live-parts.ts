/**
 * What the parts of one delivered message cost by themselves, with the real code and the real
 * sizes: CPU microseconds of this process, all threads, best of several rounds.
 */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addMessage } from '../../system-under-test/datacenter/boxes.ts';
import { CommitLog } from '../../system-under-test/datacenter/commit-log.ts';
import { openLevelStore } from '../../system-under-test/live/level-store.ts';
import { createNodeClock } from '../../system-under-test/live/node-clock.ts';
import { loadCrypto } from '../../system-under-test/mtproto/crypto.ts';
import { EnvelopeCipher, PaddingSource } from '../../system-under-test/mtproto/envelope.ts';
import { decodeMethod, encodeTl, longOf, type tl } from '../../system-under-test/schema/tl.ts';
import { emptyBox } from './disk-writing.ts';
import { TEXT_BYTES } from './live-load.ts';

const ROUNDS = 5;

/** CPU microseconds of this process for each of `count` turns of `work`, the best round. */
export async function cpuOf(count: number, work: () => void | Promise<void>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let turn = 0; turn < count; turn++) {
      const working = work();
      if (working) await working;
    }
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / count);
  }
  return best;
}

const text = '7 '.padEnd(TEXT_BYTES, '.');
const REQUEST: tl.messages.RawSendMessageRequest = {
  _: 'messages.sendMessage',
  peer: { _: 'inputPeerUser', userId: 9, accessHash: longOf(1, 2) },
  message: text,
  randomId: longOf(3, 4),
};
const peer = { _: 'peerUser', userId: 9 } as const;
const UPDATE: tl.RawUpdates = {
  _: 'updates',
  updates: [
    {
      _: 'updateNewMessage',
      message: { _: 'message', id: 1, fromId: peer, peerId: peer, date: 1, message: text },
      pts: 1,
      ptsCount: 1,
    },
  ],
  users: [{ _: 'user', id: 9, accessHash: longOf(1, 2), firstName: 'Bench', lastName: '' }],
  chats: [],
  date: 1,
  seq: 0,
};

/**
 * One envelope opened (the request) and one sealed (the push): what every relay of MTProto pays.
 */
export async function twoEnvelopes(): Promise<number> {
  const crypto = await loadCrypto();
  const key = crypto.sha256(new Uint8Array(8));
  const authKey = new Uint8Array(256).map((_, index) => key[index % 32]!);
  const client = new EnvelopeCipher(crypto, authKey, 'client');
  const server = new EnvelopeCipher(crypto, authKey, 'server');
  const padding = new PaddingSource({
    bytes: (count) => globalThis.crypto.getRandomValues(new Uint8Array(count)),
  });
  const body = encodeTl(REQUEST);
  const message = { salt: 1n, sessionId: 2n, messageId: 4n, seqNo: 1 };
  const seal = (cipher: EnvelopeCipher): Uint8Array =>
    cipher.seal(message, body.length, (plain, at) => plain.set(body, at), padding);
  const sealed = seal(client);
  return cpuOf(20_000, () => {
    if (!server.open(sealed)) throw new Error('the envelope did not open');
    seal(server);
  });
}

/** One envelope sealed around an update of this many bytes: what each receiver of it costs. */
export async function sealWork(bodyBytes: number): Promise<number> {
  const crypto = await loadCrypto();
  const cipher = new EnvelopeCipher(crypto, new Uint8Array(256).fill(7), 'server');
  const padding = new PaddingSource({
    bytes: (count) => globalThis.crypto.getRandomValues(new Uint8Array(count)),
  });
  const body = new Uint8Array(bodyBytes);
  const message = { salt: 1n, sessionId: 2n, messageId: 4n, seqNo: 1 };
  return cpuOf(20_000, () => {
    cipher.seal(message, bodyBytes, (plain, at) => plain.set(body, at), padding);
  });
}

export async function tlWork(): Promise<number> {
  const body = encodeTl(REQUEST);
  return cpuOf(10_000, () => {
    decodeMethod(body);
    encodeTl({ _: 'updateShortSentMessage', out: true, id: 1, pts: 1, ptsCount: 1, date: 1 });
    encodeTl(UPDATE);
  });
}

/** Both boxes of one message through the commit log and LevelDB, `atOnce` messages a sync. */
export async function storeWork(atOnce: number): Promise<number> {
  const folder = join(tmpdir(), `quincunx-bench-store-${process.pid}`);
  const store = await openLevelStore(folder);
  try {
    const commits = new CommitLog({
      store,
      clock: createNodeClock(),
      nextStreamNumber: 1,
      onRecord: () => {},
      onFatal: (error) => {
        throw error;
      },
    });
    const boxes = Array.from({ length: 100 }, (_, index) => emptyBox(1, index * 8 + 1));
    const perBatch = await cpuOf(400, async () => {
      const done: Promise<void>[] = [];
      for (let each = 0; each < atOnce; each++) {
        const [from, to] = [boxes[each % 100]!, boxes[(each + 1) % 100]!];
        const fields = { peer: to.userId, out: true, date: 1, text, entities: [] };
        const mine = addMessage(from, fields, `${from.pts}`.padStart(16, '0'));
        const theirs = addMessage(to, { ...fields, peer: from.userId, out: false }, '');
        done.push(commits.append([...mine.writes, ...theirs.writes]));
      }
      await Promise.all(done);
    });
    return perBatch / atOnce;
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}
