/**
 * The five defects of toxiproxy-server 2.12 (reproduced; see the issues named at each), as
 * observations of a running server: the embedded one must not have them, the real one shows that
 * they are no inventions. Each leaves its server as it may be: it is thrown away afterwards.
 */
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  addToxic,
  call,
  dial,
  eventually,
  makeProxy,
  type Peer,
  startBlackHole,
  Upstream,
} from './wire.ts';

/** A healthy server answers in milliseconds; one that hangs takes 25 s or for ever. */
const HANGS_MS = 2_500;
/** The real server gives up on what a removed toxic held after 5 s. */
const STALL_MS = 6_000;
/** More than the real server's 1,024 chunks of 32 KiB, so that the source is held back, too. */
const STALLED_BYTES = 64_000_000;
/** Less, so that all of it waits in the server. */
const BUFFERED_BYTES = 25_000_000;

/** A little above the slicer's variation in FATAL: half of it plus a draw is out of bounds. */
const CHUNK_BYTES = 1_100;

/** Values that make the real server panic once data comes. */
export const FATAL = [
  { type: 'bandwidth', stream: 'upstream', attributes: { rate: -1 } },
  {
    type: 'slicer',
    stream: 'upstream',
    attributes: { average_size: 1, size_variation: 1_000, delay: 0 },
  },
];

interface Stalled {
  readonly client: Peer;
  readonly sent: Buffer;
  readonly source: Upstream;
}

/** A client of proxy p that does not read its long answer, behind a latency in milliseconds. */
export async function stalledReader(url: string, bytes: number, latency: number): Promise<Stalled> {
  const pattern = Uint8Array.from({ length: 251 }, (_, i) => i);
  const sent = Buffer.alloc(bytes, pattern);
  const source = await Upstream.start((peer) => peer.flood(sent));
  const listen = await makeProxy(url, 'p', source.address);
  await addToxic(url, 'p', { type: 'latency', attributes: { latency } });
  const client = await dial(listen);
  client.socket.pause();
  await standsStill((await source.peer()).socket);
  return { client, sent, source };
}

/** Resolves once nothing has left for a while: all is sent, or the sender is held back. */
async function standsStill(sender: Socket): Promise<void> {
  let before = -1;
  let still = 0;
  await eventually(() => {
    still = sender.bytesWritten === before ? still + 1 : 0;
    before = sender.bytesWritten;
    return still >= 50;
  }, 'the sender stands still');
}

/** True when the call is answered, false when it hangs. */
async function answers(work: Promise<unknown>): Promise<boolean> {
  const late = delay(HANGS_MS, false);
  return await Promise.race([work.then(() => true).catch(() => false), late]);
}

/** 1 (Shopify/toxiproxy#558): is a toxic added, and a list given, while a client does not read? */
export async function answersBehindAStalledReader(url: string): Promise<boolean> {
  const { client, source } = await stalledReader(url, STALLED_BYTES, 20);
  const toxic = { type: 'latency', name: 'more', attributes: { latency: 30 } };
  const added = await answers(addToxic(url, 'p', toxic));
  const listed = await answers(call(url, 'GET', '/proxies'));
  client.socket.destroy();
  source.close();
  return added && listed;
}

/** 2: how many bytes are missing after latency was removed while a client stood still for long. */
export async function bytesLostByRemovingLatency(url: string): Promise<number> {
  const { client, sent, source } = await stalledReader(url, BUFFERED_BYTES, 60_000);
  // Not waited for: the real server may answer only after the client reads again.
  const removed = call(url, 'DELETE', '/proxies/p/toxics/latency_downstream').catch(() => {});
  await delay(STALL_MS);
  client.socket.resume();
  await client.gone();
  await removed;
  source.close();
  return sent.length - client.bytes;
}

/** 3: is a proxy updated while its upstream swallows a dial? */
export async function updatesWhileADialHangs(url: string): Promise<boolean> {
  const hole = await startBlackHole();
  const clients: Peer[] = [];
  try {
    const listen = await makeProxy(url, 'hole', hole.address);
    clients.push(await dial(listen), await dial(listen));
    await delay(100); // until the server has taken the first one
    return await answers(call(url, 'POST', '/proxies/hole', { enabled: false }));
  } finally {
    hole.close();
    for (const client of clients) client.socket.destroy();
  }
}

/** 4 (Shopify/toxiproxy#541): which values of toxics a server survives when data comes. */
export async function survives(url: string, toxic: object): Promise<boolean> {
  const echo = await Upstream.echo();
  try {
    const listen = await makeProxy(url, 'p', echo.address);
    await call(url, 'POST', '/proxies/p/toxics', toxic);
    const client = await dial(listen);
    // Where a value is fatal only for some draws, 40 of them leave no doubt.
    for (let round = 1; round <= 40 && !client.closed; round++) {
      client.send('x'.repeat(CHUNK_BYTES));
      const all = () => client.bytes === round * CHUNK_BYTES || client.closed;
      await eventually(all, 'an answer or an end');
    }
    return await answers(call(url, 'GET', '/version'));
  } catch {
    return false;
  } finally {
    echo.close();
  }
}

/** 5 (Shopify/toxiproxy#610): which of 32 connections a toxicity of one half lets live. */
export async function fates(url: string): Promise<string> {
  const echo = await Upstream.echo();
  const listen = await makeProxy(url, 'p', echo.address);
  const toxic = { type: 'limit_data', stream: 'upstream', attributes: { bytes: 0 } };
  await addToxic(url, 'p', { ...toxic, toxicity: 0.5 });
  let drawn = '';
  for (let index = 0; index < 32; index++) {
    const client = await dial(listen);
    client.send('ping');
    await eventually(() => client.bytes === 4 || client.closed, 'an answer or an end');
    drawn += client.bytes === 4 ? '1' : '0';
    client.socket.destroy();
  }
  echo.close();
  return drawn;
}
