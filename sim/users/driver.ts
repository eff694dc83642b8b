/**
 * What a load generator needs to know of a backend: how one user connects, sends, hears and leaves.
 * Everything else (who writes when, clocks, threads, counting, judging) is Quincunx's. A file of
 * one's own exports one as its default, and is loaded in every thread of the generator:
 *
 *     export default {
 *       async connect(user, hears) {
 *         const socket = await open(user.target, user.index);
 *         socket.onmessage = ({ data }) => hears.arrived(textOf(data));
 *         socket.onclose = () => hears.closed('the server closed it');
 *         return {
 *           send: ({ to, text }) => socket.send(JSON.stringify({ to, text })),
 *           close: () => socket.close(),
 *         };
 *       },
 *     } satisfies Driver;
 */

export interface Driver {
  /** For reports. Default: the name of its file. */
  readonly name?: string;
  /** Its connections tell `acked`. Default: no, and SLOs of ack_latency are not judged. */
  readonly acknowledges?: boolean;
  /**
   * Resolves once the user can send and be sent to. Rejects with a reason; a user who was connected
   * before is tried again.
   */
  connect(user: DriverUser, hears: DriverEvents): Promise<DriverConnection>;
}

export interface DriverUser {
  /** 0 to users - 1, the same in every run: what messages name as `to`. */
  readonly index: number;
  /** For people to read; not unique. */
  readonly name: string;
  /** As given with --target. */
  readonly target: string;
}

export interface DriverMessage {
  /** 0, 1, 2, ... in the order in which messages are due. */
  readonly n: number;
  /** Index of the user who is to get it. */
  readonly to: number;
  /** Must arrive just as it is: it begins with what the message is recognised by. */
  readonly text: string;
}

export interface DriverConnection {
  /** Hands a message to the network without waiting. Throws where that is impossible. */
  send(message: DriverMessage): void;
  close(): void;
}

/** To be called by a connection, also before `connect` resolves. */
export interface DriverEvents {
  /** The user's device has got this text. Texts that are not of this run are passed over. */
  arrived(text: string): void;
  /** The backend has confirmed the message that it was sent. */
  acked(n: number): void;
  /** The backend will not take it, and trying again would not help. */
  refused(n: number, why: string): void;
  /** The connection is gone without `close`; the user connects anew. */
  closed(why: string): void;
}
