/**
 * Byte streams between named places: TCP in the live world, a virtual network in the cluster
 * world. Framing, encryption and reconnecting are the business of the layers above.
 */

/** What the owner of a connection wants to hear. Never called synchronously from a method call. */
export interface ConnectionHandlers {
  /** Bytes arrived, in any chunking. The array may be kept by the receiver, but not changed. */
  onData(bytes: Uint8Array): void;
  /** The stream has ended, for whatever reason, exactly once; nothing is called afterwards. */
  onClose(): void;
  /** What was written has been handed on: `bufferedBytes` is 0 again after having been above. */
  onDrain?(): void;
}

export interface Connection {
  /** The other end, for logs: "127.0.0.1:52114" or "user 7". */
  readonly remote: string;
  /** Bytes written and not yet handed to the network. The caller keeps its own limit on it. */
  readonly bufferedBytes: number;
  /** Must be called in the same turn in which the connection was received. */
  setHandlers(handlers: ConnectionHandlers): void;
  /** Queues bytes; the callee owns the array from now on. Ignored once closed. */
  write(bytes: Uint8Array): void;
  /** Closes after what was written has been handed on. */
  end(): void;
  /** Closes now; what was not sent is lost. `onClose` still follows. */
  destroy(): void;
}

export interface Listener {
  /** The address in the form that `connect` takes; the real port where 0 was asked for. */
  readonly address: string;
  /** Stops accepting. Open connections stay. */
  close(): Promise<void>;
}

export interface Network {
  /** Rejects with an `Error` whose message names the address, for example when it is in use. */
  listen(address: string, accept: (connection: Connection) => void): Promise<Listener>;
  /** Rejects when nothing listens there, the way is cut, or `timeoutMs` has passed. */
  connect(address: string, timeoutMs: number): Promise<Connection>;
}
