import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openLiveEnvironment } from '../../../system-under-test/live/environment.ts';
import { createJsonLog } from '../../../system-under-test/live/json-log.ts';
import { createNodeNetwork, parseAddress } from '../../../system-under-test/live/node-network.ts';
import { createNodeRandomness } from '../../../system-under-test/live/node-randomness.ts';

const clock = { wallMs: () => Date.parse('2026-02-03T04:05:06.789Z') };

describe('openLiveEnvironment', () => {
  it('opens every part, and close ends connections, listeners and the store', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'quincunx-environment-'));
    const logStream = new PassThrough();
    const options = { dataFolder, logLevel: 'info', logStream, logFields: { dc: 3 } } as const;
    try {
      const first = await openLiveEnvironment(options);
      await expect(openLiveEnvironment(options)).rejects.toThrow(/in use by another process/);
      const closed = new Promise<void>((resolve) => {
        void first.network
          .listen('0', (connection) => connection.setHandlers({ onData() {}, onClose() {} }))
          .then(({ address }) => first.network.connect(address, 1000))
          .then((connection) => {
            connection.setHandlers({ onData() {}, onClose: resolve });
            void first.close();
          });
      });
      await closed;
      await first.close();
      const second = await openLiveEnvironment(options);
      second.log.write('info', 'started');
      await second.close();
      expect(JSON.parse(String(logStream.read()))).toMatchObject({ event: 'started', dc: 3 });
    } finally {
      await rm(dataFolder, { recursive: true });
    }
  });
});

describe('createJsonLog', () => {
  it('writes one JSON object a line, from the level asked for', () => {
    const stream = new PassThrough();
    const log = createJsonLog(stream, 'warn', clock, { dc: 1 });
    log.write('info', 'unimportant');
    log.write('error', 'link_down', { to: 2, reason: 'line\nbreak' });
    expect(String(stream.read())).toBe(
      '{"time":"2026-02-03T04:05:06.789Z","level":"error","event":"link_down","dc":1,"to":2,"reason":"line\\nbreak"}\n',
    );
  });

  it('drops lines for a reader that does not keep up, and says how many', () => {
    const written: string[] = [];
    const pending: (() => void)[] = [];
    const stream = new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        written.push(chunk);
        pending.push(done);
      },
    });
    const log = createJsonLog(stream, 'debug', clock);
    for (let line = 0; line < 30; line++) log.write('debug', 'much', { text: 'x'.repeat(100_000) });
    expect(stream.writableLength).toBeLessThan(1_300_000);
    while (stream.writableLength > 0) pending.shift()!();
    log.write('info', 'later');
    while (stream.writableLength > 0) pending.shift()!();
    const events = written.map((line) => JSON.parse(line) as { event: string; lines?: number });
    expect(events.at(-1)?.event).toBe('later');
    const note = events.at(-2);
    expect(note?.event).toBe('log_lines_dropped');
    expect(note?.lines).toBe(30 - (events.length - 2));
  });

  it('refuses a level that it does not know', () => {
    expect(() => createJsonLog(new PassThrough(), 'loud' as 'info', clock)).toThrow(
      "logLevel: 'loud' is not known; use debug, info, warn, error",
    );
  });
});

describe('a closed network', () => {
  it('settles what was under way and refuses the rest', async () => {
    const server = createNodeNetwork();
    const { address } = await server.listen('0', () => {});
    const network = createNodeNetwork();
    const connecting = network.connect(address, 60_000);
    await Promise.all([expect(connecting).rejects.toThrow(/is closed/), network.close()]);
    await expect(network.connect(address, 1000)).rejects.toThrow(/is closed/);
    await expect(network.listen('0', () => {})).rejects.toThrow(/is closed/);
    await server.close();
    await expect(createNodeNetwork().connect(address, 1000)).rejects.toThrow(/refused/);
  });
});

describe('addresses', () => {
  it.each([
    ['4431', '127.0.0.1', 4431],
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['localhost:65535', 'localhost', 65_535],
    ['[::1]:80', '::1', 80],
  ])('%s is understood', (address, host, port) => {
    expect(parseAddress(address)).toEqual({ host, port });
  });

  it.each(['', 'host', 'host:', ':80', 'host:65536', 'host:-1', '::1:80', 'a b:1', 'host:1x'])(
    '"%s" is refused by name',
    async (address) => {
      const network = createNodeNetwork();
      await expect(network.listen(address, () => {})).rejects.toThrow(`'${address}'`);
      await expect(network.connect(address, 10)).rejects.toThrow(`'${address}'`);
    },
  );
});

describe('randomness', () => {
  it('gives as many bytes as asked, others each time, within its limits', () => {
    const randomness = createNodeRandomness();
    expect(randomness.bytes(0)).toHaveLength(0);
    expect(randomness.bytes(65_536)).toHaveLength(65_536);
    expect(randomness.bytes(32)).not.toEqual(randomness.bytes(32));
    for (const count of [-1, 1.5, 65_537]) expect(() => randomness.bytes(count)).toThrow(/count/);
  });
});
