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
 *
 * `setup` and `teardown` are for what is done once: accounts, rooms, a fixture that is put away.
 *
 *     export default {
 *       setup: ({ users, target }) => signUpAll(target, users),   // returns their tokens
 *       connect: (user, hears, tokens) => ... tokens[user.index] ...,
 *       teardown: (tokens, { target }) => signOutAll(target, tokens),
 *     } satisfies Driver<string[]>;
 */

/** `Data` is what `setup` returns: whatever `structuredClone` takes. */
export interface Driver<Data = unknown> {
  /** For reports. Default: the name of its file. */
  readonly name?: string;
  /** Its connections tell `acked`. Default: no, and SLOs of ack_latency are not judged. */
  readonly acknowledges?: boolean;
  /**
   * Once, in the main thread, before anybody connects. What it returns (or resolves to) goes to
   * every `connect`, as a copy for each thread, and to `teardown`. A rejection ends the run.
   */
  setup?(run: DriverRun): Data | Promise<Data>;
  /**
   * Resolves once the user can send and be sent to. Rejects with a reason; a user who was connected
   * before is tried again.
   */
  connect(user: DriverUser, hears: DriverEvents, data: Data): Promise<DriverConnection>;
  /**
   * Once, in the main thread, after the run, also after one that failed or was interrupted; not
   * where `setup` itself did not come to its end. A rejection makes the run void.
   */
  teardown?(data: Data, run: DriverRun): void | Promise<void>;
}

export interface DriverRun {
  /** Everyone, by index. */
  readonly users: readonly DriverUser[];
  /** As given with --target. */
  readonly target: string;
  /** Aborted when the run is interrupted, or when it takes too long: stop then. */
  readonly signal: AbortSignal;
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
  /**
   * For backends that keep messages: reads all that the user has got, and tells `arrived` of each.
   * Asked for once, after the last message; rejects where it cannot be read. Default: nothing.
   */
  readBox?(): Promise<void>;
  close(): void;
}

/** To be called by a connection, also before `connect` resolves. */
export interface DriverEvents {
  /**
   * The user's device has got this text. Texts that are not of this run are passed over. With
   * `id`, its number in the user's box (above 0, growing), the same one may come several times, and
   * order is judged by ids; without, by the moments of arrival.
   */
  arrived(text: string, id?: number): void;
  /**
   * The backend has confirmed the message that it was sent. `queued`: it is safe, but on its way
   * to where it is kept; `stored` is told later.
   */
  acked(n: number, how?: 'stored' | 'queued'): void;
  /** A message that had been acknowledged as queued is where it is kept. */
  stored(n: number): void;
  /** The backend will not take it, and trying again would not help. */
  refused(n: number, why: string): void;
  /** The connection is gone without `close`; the user connects anew. */
  closed(why: string): void;
  /** Which datacentre serves the user now, 0 for none; where Quincunx knows of any. */
  servedBy(dc: number): void;
}
