/**
 * A TCP socket as a `Connection`: what is written in one turn goes to the system in one call, and
 * `bufferedBytes` counts every byte that the system has not taken yet.
 */
import type { Socket } from 'node:net';
import type { Connection, ConnectionHandlers } from '../environment/index.ts';

export class SocketConnection implements Connection {
  readonly remote: string;
  readonly #socket: Socket;
  #handlers: ConnectionHandlers | undefined;
  #corked = false;
  /** Something was written since the last `onDrain`. */
  #drainDue = false;
  /** Called once, when the socket is closed. */
  readonly #released: () => void;

  constructor(socket: Socket, released: () => void) {
    this.#socket = socket;
    this.#released = released;
    this.remote = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
    socket.setNoDelay(true);
    // The reason of a broken connection is of no use above: it is closed, and 'close' follows.
    socket.on('error', () => {});
    socket.once('close', () => {
      const handlers = this.#handlers;
      this.#handlers = undefined;
      this.#released();
      handlers?.onClose();
    });
  }

  get bufferedBytes(): number {
    return this.#socket.destroyed ? 0 : this.#socket.writableLength;
  }

  setHandlers(handlers: ConnectionHandlers): void {
    const first = this.#handlers === undefined;
    this.#handlers = handlers;
    if (!first) return;
    // A socket without a 'data' listener holds its bytes back, so nothing was missed.
    this.#socket.on('data', (buffer) => {
      // A destroyed socket may still emit what it had read; its owner wants no more.
      if (this.#socket.destroyed) return;
      // A plain array: a Buffer's slice() would share the memory where an array's copies it.
      const { byteOffset, length } = buffer;
      this.#handlers?.onData(new Uint8Array(buffer.buffer as ArrayBuffer, byteOffset, length));
    });
  }

  write(bytes: Uint8Array): void {
    const socket = this.#socket;
    if (!socket.writable || bytes.length === 0) return;
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      // After the promise reactions of this turn, so that they share the call.
      process.nextTick(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    this.#drainDue = true;
    socket.write(bytes, this.#taken);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The system has taken a write; after the last one there is nothing left. */
  readonly #taken = (error?: Error | null): void => {
    if (error || !this.#drainDue || this.bufferedBytes > 0 || !this.#socket.writable) return;
    this.#drainDue = false;
    this.#handlers?.onDrain?.();
  };
}
