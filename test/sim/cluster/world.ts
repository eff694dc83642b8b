/**
 * A small virtual world for the tests of this folder: a loop, a network, and streams of its seed.
 */
import { VirtualLoop } from '../../../sim/cluster/virtual-loop.ts';
import { createVirtualNetwork, type VirtualNetwork } from '../../../sim/cluster/virtual-network.ts';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import type { Xoshiro128 } from '../../../sim/core/xoshiro.ts';
import type { Connection } from '../../../system-under-test/environment/index.ts';

export interface SmallWorld {
  readonly loop: VirtualLoop;
  readonly network: VirtualNetwork;
  readonly stream: (name: string) => Xoshiro128;
}

export const LATENCY_MS = 10;

export function smallWorld(seed = 'small', jitterMs = 0): SmallWorld {
  const loop = new VirtualLoop({ seed });
  const stream = (name: string): Xoshiro128 => randomStream(keyOfSeed(seed), name);
  const network = createVirtualNetwork({
    loop,
    random: stream('network'),
    link: () => ({ latencyMs: LATENCY_MS, jitterMs }),
    stream: { retransmitTimeoutMs: 5000 },
  });
  return { loop, network, stream };
}

/** What one end of a connection heard: text, and when it closed (virtual ms). */
export interface Heard {
  readonly connection: Connection;
  text: string;
  closedAtMs: number | undefined;
}

export function hear(loop: VirtualLoop, connection: Connection): Heard {
  const heard: Heard = { connection, text: '', closedAtMs: undefined };
  connection.setHandlers({
    onData: (bytes) => {
      heard.text += Buffer.from(bytes).toString();
    },
    onClose: () => {
      heard.closedAtMs = loop.nowMs();
    },
  });
  return heard;
}

/** A connection from node "a" to node "b", both ends heard. */
export async function connected(world: SmallWorld): Promise<{ a: Heard; b: Heard }> {
  const { loop, network } = world;
  let b: Heard | undefined;
  await network.forNode('b').listen('b:1', (connection) => {
    b = hear(loop, connection);
  });
  const connecting = network
    .forNode('a')
    .connect('b:1', 1000)
    .then((connection) => hear(loop, connection));
  const a = await loop.settle(connecting);
  await loop.run(() => b !== undefined);
  return { a, b: b! };
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
