/** An unmodified mtcute client over real loopback sockets and in its own layer (227). */
import { createServer, type Socket } from 'node:net';
import { MemoryStorage } from '@mtcute/core';
import { addPublicKey } from '@mtcute/core/utils.js';
import { BaseTelegramClient } from '@mtcute/node';
import { NodeCryptoProvider } from '@mtcute/node/utils.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Clock } from '../../../system-under-test/environment/clock.ts';
import type { Connection } from '../../../system-under-test/environment/network.ts';
import {
  ServerConnection,
  type ServerSession,
} from '../../../system-under-test/mtproto/server-connection.ts';
import { rsaKey, type TestHost, testHost } from './support.ts';

const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

function socketConnection(socket: Socket): Connection {
  return {
    remote: `${socket.remoteAddress}:${socket.remotePort}`,
    get bufferedBytes() {
      return socket.writableLength;
    },
    setHandlers: (handlers) => {
      socket.on('data', (bytes) => handlers.onData(bytes as Uint8Array));
      socket.on('close', () => handlers.onClose());
      socket.on('error', () => socket.destroy());
    },
    write: (bytes) => socket.write(bytes),
    end: () => socket.end(),
    destroy: () => socket.destroy(),
  };
}

let host: TestHost;
const server = createServer((socket) => {
  new ServerConnection(host, socketConnection(socket));
});

beforeAll(async () => {
  host = testHost(systemClock, { seed: String(process.pid) });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
  host.sessions.close();
  server.close();
});

test('mtcute signs its keys, and calls, in its own layer', async () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const dc = { id: 2, ipAddress: '127.0.0.1', port: address.port };
  const crypto = new NodeCryptoProvider();
  await crypto.initialize();
  addPublicKey(crypto, rsaKey.publicPem);
  const client = new BaseTelegramClient({
    apiId: 1,
    apiHash: 'hash',
    storage: new MemoryStorage(),
    crypto,
    defaultDcs: { main: dc, media: dc },
    disableUpdates: true,
    logLevel: 1,
  });
  try {
    const calls = Array.from({ length: 20 }, () => client.call({ _: 'help.getNearestDc' }));
    for (const result of await Promise.all(calls)) {
      expect(result).toEqual({ _: 'nearestDc', country: 'NL', thisDc: 2, nearestDc: 2 });
    }
    const session = host.opened.at(-1) as ServerSession;
    expect(session.layer).toBe(227);
    expect(session.init?.apiId).toBe(1);
  } finally {
    await client.destroy();
  }
});
