/** What every Network must do. */
import { expect, it } from 'vitest';
import type {
  Connection,
  Listener,
  Network,
} from '../../../system-under-test/environment/index.ts';
import type { Arm } from './arms.ts';

const TIMEOUT_MS = 5_000;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The owner of a connection who writes down all it hears. */
class Recorder {
  readonly connection: Connection;
  readonly #chunks: Uint8Array[] = [];
  received = 0;
  closes = 0;
  drains = 0;
  /** Calls that came after the close. */
  late = 0;
  readonly closed: Promise<void>;
  #waiting: { readonly count: number; readonly done: () => void }[] = [];

  constructor(connection: Connection, onData: (bytes: Uint8Array) => void = () => {}) {
    this.connection = connection;
    let close = (): void => {};
    this.closed = new Promise((resolve) => {
      close = resolve;
    });
    connection.setHandlers({
      onData: (bytes) => {
        if (this.closes > 0) this.late++;
        // A Buffer would pass for one, but its slice() shares memory.
        expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
        this.#chunks.push(bytes);
        this.received += bytes.length;
        this.#waiting = this.#waiting.filter(({ count, done }) => {
          if (this.received >= count) done();
          return this.received < count;
        });
        onData(bytes);
      },
      onClose: () => {
        this.closes++;
        close();
      },
      onDrain: () => {
        if (this.closes > 0) this.late++;
        if (connection.bufferedBytes > 0) this.late++;
        this.drains++;
      },
    });
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  until(count: number): Promise<void> {
    if (this.received >= count) return Promise.resolve();
    return new Promise((done) => this.#waiting.push({ count, done }));
  }
}

/** One connection with a recorder at both ends. */
async function joined(
  server: Network,
  client: Network,
): Promise<{ there: Recorder; here: Recorder; listener: Listener }> {
  let accepted: (recorder: Recorder) => void;
  const accepting = new Promise<Recorder>((resolve) => {
    accepted = resolve;
  });
  const listener = await server.listen('127.0.0.1:0', (connection) =>
    accepted(new Recorder(connection)),
  );
  const here = new Recorder(await client.connect(listener.address, TIMEOUT_MS));
  return { there: await accepting, here, listener };
}

/** Bytes whose place can be told from their value. */
const pattern = (count: number): Uint8Array =>
  new Uint8Array(count).map((_, index) => (index * 7 + (index >> 8)) & 0xff);

export function networkConformance(arm: Arm): void {
  it('carries bytes both ways, in order', () =>
    arm.withNetwork(async ({ server, client }) => {
      const { there, here } = await joined(server, client);
      let expected = '';
      for (let index = 0; index < 500; index++) {
        here.connection.write(text(`${index},`));
        expected += `${index},`;
        // Now and then another turn begins between two writes.
        if (index % 100 === 99) await there.until(expected.length);
      }
      there.connection.write(text('answer'));
      await Promise.all([there.until(expected.length), here.until(6)]);
      expect(there.bytes().toString()).toBe(expected);
      expect(here.bytes().toString()).toBe('answer');
    }));

  it('delivers what either side says at once on a new connection', () =>
    arm.withNetwork(async ({ server, client }) => {
      const servers: Recorder[] = [];
      const listener = await server.listen('127.0.0.1:0', (connection) => {
        servers.push(new Recorder(connection));
        connection.write(text('welcome'));
      });
      const connection = await client.connect(listener.address, TIMEOUT_MS);
      connection.write(text('hello'));
      const here = new Recorder(connection);
      await here.until(7);
      await servers[0]!.until(5);
      expect(here.bytes().toString()).toBe('welcome');
      expect(servers[0]!.bytes().toString()).toBe('hello');
    }));

  it('carries 8 MiB with honest back-pressure', () =>
    arm.withNetwork(async ({ server, client }) => {
      const { there, here } = await joined(server, client);
      const sent = pattern(8 * 1024 * 1024);
      here.connection.write(sent.slice());
      expect(here.connection.bufferedBytes).toBe(sent.length);
      expect(here.drains).toBe(0);
      await there.until(sent.length);
      expect(there.bytes().equals(sent)).toBe(true);
      here.connection.write(text('more'));
      await there.until(sent.length + 4);
      expect(here.connection.bufferedBytes).toBe(0);
      expect(here.drains).toBe(2);
    }));

  it('says once that the writes of a turn have been handed on', () =>
    arm.withNetwork(async ({ server, client }) => {
      const { there, here } = await joined(server, client);
      for (let index = 0; index < 20; index++) here.connection.write(text('0123456789'));
      expect(here.connection.bufferedBytes).toBe(200);
      await there.until(200);
      there.connection.write(text('seen'));
      await here.until(4);
      expect(here.drains).toBe(1);
    }));

  it('flushes on end, and both sides hear of the close once', () =>
    arm.withNetwork(async ({ server, client }) => {
      const { there, here } = await joined(server, client);
      const sent = pattern(3 * 1024 * 1024);
      here.connection.write(sent.slice());
      here.connection.end();
      here.connection.write(text('too late'));
      here.connection.end();
      await Promise.all([there.closed, here.closed]);
      expect(there.bytes().equals(sent)).toBe(true);
      there.connection.write(text('too late'));
      expect([there.closes, here.closes, there.late, here.late]).toEqual([1, 1, 0, 0]);
      expect(there.connection.bufferedBytes).toBe(0);
    }));

  it('still delivers what the other side had written when this side ends', () =>
    arm.withNetwork(async ({ server, client }) => {
      const { there, here } = await joined(server, client);
      there.connection.write(pattern(600_000));
      here.connection.end();
      await Promise.all([there.closed, here.closed]);
      expect(here.received).toBe(600_000);
    }));

  it('loses what was not sent on destroy, and both sides hear of it once', () =>
    arm.withNetwork(async ({ server, client, clock }) => {
      const { there, here } = await joined(server, client);
      here.connection.write(pattern(16 * 1024 * 1024));
      here.connection.destroy();
      here.connection.destroy();
      expect(here.closes).toBe(0);
      await Promise.all([there.closed, here.closed]);
      expect(there.received).toBeLessThan(16 * 1024 * 1024);
      expect(here.connection.bufferedBytes).toBe(0);
      here.connection.write(text('too late'));
      here.connection.end();
      await new Promise<void>((resolve) => {
        clock.after(30, resolve);
      });
      expect([there.closes, here.closes, there.late, here.late]).toEqual([1, 1, 0, 0]);
    }));

  it('can be destroyed from inside a handler', () =>
    arm.withNetwork(async ({ server, client }) => {
      const accepted: Recorder[] = [];
      const listener = await server.listen('127.0.0.1:0', (connection) => {
        const recorder: Recorder = new Recorder(connection, () => {
          connection.destroy();
          expect(recorder.closes).toBe(0);
        });
        accepted.push(recorder);
      });
      const here = new Recorder(await client.connect(listener.address, TIMEOUT_MS));
      here.connection.write(text('x'));
      await here.closed;
      await accepted[0]!.closed;
      expect(accepted[0]!.received).toBe(1);
    }));

  it('rejects a connection that nobody listens for, naming the address', () =>
    arm.withNetwork(async ({ server, client }) => {
      const listener = await server.listen('127.0.0.1:0', () => {});
      await listener.close();
      await expect(client.connect(listener.address, TIMEOUT_MS)).rejects.toThrow(
        `${listener.address} refused the connection`,
      );
    }));

  it('rejects an address in use, naming it, and gives it free after close', () =>
    arm.withNetwork(async ({ server, client }) => {
      const { here, there, listener } = await joined(server, client);
      const port = listener.address.split(':')[1];
      expect(Number(port)).toBeGreaterThan(0);
      await expect(server.listen(listener.address, () => {})).rejects.toThrow(
        `port ${port} on 127.0.0.1 is in use`,
      );
      await listener.close();
      await listener.close();
      // Open connections stay.
      here.connection.write(text('still here'));
      await there.until(10);
      const again = await server.listen(listener.address, () => {});
      expect(again.address).toBe(listener.address);
    }));

  it('serves many connections at once without mixing them', () =>
    arm.withNetwork(async ({ server, client }) => {
      const listener = await server.listen('127.0.0.1:0', (connection) => {
        new Recorder(connection, (bytes) => connection.write(bytes.slice()));
      });
      const recorders = await Promise.all(
        Array.from({ length: 40 }, async (_, index) => {
          const recorder = new Recorder(await client.connect(listener.address, TIMEOUT_MS));
          recorder.connection.write(text(`I am ${index}`.padEnd(20)));
          return recorder;
        }),
      );
      await Promise.all(recorders.map((recorder) => recorder.until(20)));
      expect(recorders.map((recorder) => recorder.bytes().toString().trim())).toEqual(
        recorders.map((_, index) => `I am ${index}`),
      );
    }));
}
