/**
 * A device's way into the system: connects to home, goes to the next datacentre when one goes away,
 * goes home again when home is back, and gives up a connection that does not answer. What travels
 * over it is its owner's business.
 */
import type { Clock, Network, Randomness } from '../../system-under-test/environment/index.ts';
import { ClientConnection } from '../../system-under-test/mtproto/client-connection.ts';
import type { MtprotoCrypto } from '../../system-under-test/mtproto/crypto.ts';
import type { RsaPublicKey } from '../../system-under-test/mtproto/rsa.ts';
import type { AuthKey } from '../../system-under-test/mtproto/server-connection.ts';
import { RpcError } from '../../system-under-test/schema/errors.ts';
import type { tl } from '../../system-under-test/schema/tl.ts';
import { type DeviceTimers, within } from './device-timers.ts';

/** What a device needs of the world to connect to the system. */
export interface DeviceWorld {
  readonly index: number;
  /** Where its user's box is. */
  readonly homeDc: number;
  /**
   * The DCs in the order in which this device tries them. Where it can, it uses the first: its
   * user's home, unless the user travels.
   */
  readonly order: readonly [first: number, ...others: number[]];
  readonly addresses: ReadonlyMap<number, string>;
  readonly clock: Clock;
  readonly network: Network;
  readonly randomness: Randomness;
  readonly crypto: MtprotoCrypto;
  readonly rsaPublicKeys: readonly RsaPublicKey[];
}

export interface DeviceLinkHost {
  update(update: tl.TypeUpdates): void;
  /** There is a connection again: what was missed must be fetched. */
  reopened(): void;
  /** The connection is gone, and with it the answers that had not come. */
  lost(): void;
  /** Something of this device waits where it is connected, and at home is not known yet. */
  mustStay(): boolean;
  signedIn(): boolean;
}

/** How a device behaves. Assumptions; a real client's are of the same order. */
export const BEHAVIOUR = {
  connectMs: 1_500,
  /** A call without an answer for so long: the connection is given up. */
  answerMs: 2_500,
  pingEveryMs: 2_000,
  /** Between two attempts when no DC can be reached. */
  retryMs: 250,
  /** A device away from home looks whether home is back. */
  homeLookMs: 1_500,
  /** It must stay for what is under way: it looks again so much later. */
  stayLookMs: 500,
  /** A proxy accepts for a DC that is down, and hangs up: home is back if it stays open so long. */
  homeProbeMs: 200,
  /** Messages in flight on one connection. */
  inFlightMax: 64,
  /** Setting up thousands of users at once may take a server a while. */
  callMs: 15_000,
} as const;

/** Ten seconds or so: a copy that is slower is a defect. */
const SETTLE_ATTEMPTS = 40;

/** Milliseconds that an error tells to wait, undefined for errors that tell no such thing. */
export function floodWaitMs(error: unknown): number | undefined {
  const wait = error instanceof RpcError ? /^FLOOD_WAIT_(\d+)$/.exec(error.text) : null;
  return wait ? Number(wait[1]) * 1000 : undefined;
}

function answersTo(clock: Clock, connection: ClientConnection): Promise<boolean> {
  return within(clock, BEHAVIOUR.answerMs, connection.ping()).then(
    () => true,
    () => false,
  );
}

export class DeviceLink {
  readonly #o: DeviceWorld;
  readonly #host: DeviceLinkHost;
  readonly #timers: DeviceTimers;
  #connection: ClientConnection | undefined;
  #dc: number;
  #authKey: AuthKey | undefined;
  #stopped = false;
  /** Switched off: not connected, and not trying to be. */
  #isOff = false;
  #connecting: Promise<void> | undefined;
  /** The last connection ended before anything came of it: that DC is tried last. */
  #fruitless = false;
  #lookingHome = false;
  #waiting: (() => void)[] = [];
  readonly stats = { connects: 0, failovers: 0 };

  constructor(
    options: DeviceWorld,
    authKey: AuthKey | undefined,
    timers: DeviceTimers,
    host: DeviceLinkHost,
  ) {
    this.#o = options;
    this.#host = host;
    this.#timers = timers;
    this.#dc = options.order[0];
    this.#authKey = authKey;
  }

  /** The DC that the device is connected to, undefined for none. */
  get connectedTo(): number | undefined {
    return this.#connection ? this.#dc : undefined;
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  get off(): boolean {
    return this.#isOff;
  }

  /** The connection that may be written to now. */
  get ready(): ClientConnection | undefined {
    return this.#authKey && !this.#connecting ? this.#connection : undefined;
  }

  isCurrent(connection: ClientConnection): boolean {
    return this.#connection === connection;
  }

  /** The first connection: to home, where people sign in. Rejects when it cannot be reached. */
  start(): Promise<void> {
    this.#timers.every(BEHAVIOUR.pingEveryMs, () => this.#ping());
    return this.#open(this.#o.homeDc);
  }

  /** Who travels has signed in at home and now goes to the DC that serves them. */
  async settle(): Promise<void> {
    const { clock, homeDc, order } = this.#o;
    const first = order[0];
    if (first === homeDc) return;
    for (let attempt = 0; attempt < SETTLE_ATTEMPTS; attempt++) {
      await this.#untilReady();
      const connection = this.#connection;
      const answers = connection && (await answersTo(clock, connection));
      if (connection && this.#connection === connection) {
        if (answers && this.#dc === first) return;
        // What was signed in a moment ago has to reach that DC before the device does.
        await this.#timers.pause(BEHAVIOUR.retryMs);
        this.giveUp(connection);
      }
    }
    throw new Error(`DC ${first} does not take what was signed in at DC ${homeDc}`);
  }

  /** Rejects when there is no connection, no answer, or a refusal (RpcError). */
  call(method: tl.RpcMethod): Promise<unknown> {
    const connection = this.#connection;
    if (!connection) return Promise.reject(new Error(`user ${this.#o.index} is not connected`));
    const answer = within(this.#o.clock, BEHAVIOUR.callMs, connection.call<unknown>(method));
    answer.catch((error: Error) => {
      if (!(error instanceof RpcError)) this.giveUp(connection);
    });
    return answer;
  }

  /**
   * Asks until there is an answer that asking again would not change. `onDoubt` hears of every
   * attempt that may or may not have been carried out. Rejects RpcError for a refusal.
   */
  async insist(method: tl.RpcMethod, onDoubt: () => void = () => {}): Promise<unknown> {
    for (;;) {
      await this.#untilReady();
      const connection = this.#connection;
      if (!connection) continue;
      try {
        const call = connection.call<unknown>(method);
        return await within(this.#o.clock, BEHAVIOUR.answerMs, call);
      } catch (error) {
        const waitMs = floodWaitMs(error);
        if (error instanceof RpcError && error.code < 500 && waitMs === undefined) throw error;
        if (waitMs === undefined) onDoubt();
        if (!(error instanceof RpcError)) this.giveUp(connection);
        await this.#timers.pause(waitMs ?? BEHAVIOUR.retryMs);
      }
    }
  }

  /** Does not wait for the other end to agree: behind a black hole it never would. */
  giveUp(connection: ClientConnection): void {
    if (this.#connection !== connection) return;
    connection.close();
    this.#lost(connection);
  }

  /** Off for so long, then on again. */
  switchOff(ms: number): void {
    if (this.#isOff || this.#stopped) return;
    this.#isOff = true;
    if (this.#connection) this.giveUp(this.#connection);
    this.#timers.after(ms, () => {
      this.#isOff = false;
      if (!this.#connection) this.#reconnect();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#connection?.close();
    this.#connection = undefined;
  }

  #untilReady(): Promise<void> {
    if (this.ready) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #open(dc: number): Promise<void> {
    const { addresses, clock, network, crypto, randomness, rsaPublicKeys } = this.#o;
    const address = addresses.get(dc);
    if (address === undefined) throw new Error(`no address of DC ${dc}`);
    const stream = await network.connect(address, BEHAVIOUR.connectMs);
    if (this.#stopped || this.#isOff) {
      stream.destroy();
      throw new Error('the device was switched off');
    }
    const connection: ClientConnection = new ClientConnection({
      crypto,
      clock,
      randomness,
      rsaPublicKeys,
      connection: stream,
      transport: this.#o.index % 2 === 0 ? 'abridged' : 'intermediate',
      dc,
      ...(this.#authKey ? { authKey: this.#authKey } : {}),
      onUpdate: (update) => this.#host.update(update as tl.TypeUpdates),
      onClosed: () => this.#lost(connection),
    });
    this.#connection = connection;
    this.#dc = dc;
    this.stats.connects++;
    if (dc !== this.#o.order[0]) {
      this.stats.failovers++;
      this.#lookHomeSoon(this.#timers.phase(BEHAVIOUR.homeLookMs));
    }
    this.#authKey ??= await within(clock, BEHAVIOUR.answerMs * 4, connection.authorize());
  }

  #lost(connection: ClientConnection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#fruitless = !connection.hasHeard;
    this.#host.lost();
    if (!this.#stopped && this.#host.signedIn()) this.#reconnect();
  }

  /** Tries the DCs in order until one answers. */
  #reconnect(): void {
    if (this.#connecting || this.#stopped || this.#isOff) return;
    this.#connecting = (async () => {
      const { order } = this.#o;
      const first = this.#fruitless ? order.indexOf(this.#dc) + 1 : 0;
      if (first === order.length) await this.#timers.pause(BEHAVIOUR.retryMs);
      for (let attempt = 0; this.#isWanted && !this.#connection; attempt++) {
        try {
          await this.#open(order[(first + attempt) % order.length] ?? order[0]);
        } catch {
          if (attempt % order.length === order.length - 1) {
            await this.#timers.pause(BEHAVIOUR.retryMs);
          }
        }
      }
    })().finally(() => {
      this.#connecting = undefined;
      if (!this.#isWanted) return;
      if (!this.#connection) return this.#reconnect();
      this.#host.reopened();
      for (const go of this.#waiting.splice(0)) go();
    });
  }

  get #isWanted(): boolean {
    return !this.#stopped && !this.#isOff;
  }

  #ping(): void {
    const connection = this.ready;
    if (!connection) return;
    within(this.#o.clock, BEHAVIOUR.answerMs, connection.ping()).catch(() => {
      this.giveUp(connection);
    });
  }

  #lookHomeSoon(ms: number): void {
    if (this.#lookingHome) return;
    this.#lookingHome = true;
    this.#timers.after(ms, () => {
      const { clock, order } = this.#o;
      const lookedMs = clock.monotonicMs();
      void this.#homeAnswers().then((answers) => {
        this.#lookingHome = false;
        if (this.#stopped || this.#dc === order[0]) return;
        const { stayLookMs, homeLookMs } = BEHAVIOUR;
        const mustStay = this.#host.mustStay();
        const tookMs = clock.monotonicMs() - lookedMs;
        if (answers && !mustStay && this.#connection && !this.#connecting) {
          this.#fruitless = false;
          this.giveUp(this.#connection); // reconnecting tries home first
        }
        this.#lookHomeSoon(mustStay ? stayLookMs : Math.max(stayLookMs, homeLookMs - tookMs));
      });
    });
  }

  /** Whether home takes a connection and keeps it; not asked while the device has to stay. */
  async #homeAnswers(): Promise<boolean> {
    const { order, addresses, network } = this.#o;
    const address = addresses.get(order[0]);
    if (address === undefined || !this.#connection || this.#dc === order[0]) return false;
    if (this.#connecting || !this.#host.signedIn() || this.#host.mustStay()) return false;
    try {
      const probe = await network.connect(address, BEHAVIOUR.connectMs);
      let isOpen = true;
      const onClose = (): void => {
        isOpen = false;
      };
      probe.setHandlers({ onData: () => {}, onClose });
      await this.#timers.pause(BEHAVIOUR.homeProbeMs);
      if (isOpen) probe.destroy();
      return isOpen;
    } catch {
      return false;
    }
  }
}
