/**
 * The online members of the supergroup benchmark: real client connections with keys that were made
 * beforehand, each on a socket of its own, and posts among them that are due at their own times.
 */
import { createNodeClock } from '../../system-under-test/live/node-clock.ts';
import { createNodeNetwork } from '../../system-under-test/live/node-network.ts';
import { createNodeRandomness } from '../../system-under-test/live/node-randomness.ts';
import { ClientConnection } from '../../system-under-test/mtproto/client-connection.ts';
import { loadCrypto, type MtprotoCrypto } from '../../system-under-test/mtproto/crypto.ts';
import { RsaPublicKey } from '../../system-under-test/mtproto/rsa.ts';
import { longOf, type tl } from '../../system-under-test/schema/tl.ts';
import { idOf, textOf, within } from './live-load.ts';
import { eachAtOnce } from './live-people.ts';
import type { Device, Supergroup } from './supergroup-world.ts';

const CONNECT_MS = 5_000;
const CALL_MS = 20_000;
const CONNECTING_AT_ONCE = 32;
const CALLING_AT_ONCE = 64;
/** What has not arrived so long after the last post was due is missing. */
const DRAIN_MS = 10_000;
const MUTE_FOREVER = 0x7fffffff;

/** One device, online. */
export class OnlineMember {
  readonly device: Device;
  onPost: (text: string) => void = () => {};
  #connection: ClientConnection | undefined;
  #nextRandomId = 1;

  constructor(device: Device) {
    this.device = device;
  }

  attach(connection: ClientConnection): void {
    this.#connection = connection;
  }

  receive(updates: tl.TypeUpdates): void {
    if (updates._ !== 'updates') return;
    for (const update of updates.updates) {
      if (update._ !== 'updateNewChannelMessage' || update.message._ !== 'message') continue;
      this.onPost(update.message.message);
    }
  }

  call<T>(method: tl.RpcMethod): Promise<T> {
    return within(CALL_MS, this.#connection!.call<T>(method), method._);
  }

  /** Resolves when the post is durable at the supergroup's home. */
  post({ channelId, accessHash }: Supergroup, text: string): Promise<unknown> {
    const randomId = longOf(this.#nextRandomId++, this.device.userId);
    const peer = { _: 'inputPeerChannel', channelId, accessHash } as const;
    return this.call({ _: 'messages.sendMessage', peer, message: text, randomId });
  }

  mute({ channelId, accessHash }: Supergroup): Promise<unknown> {
    const peer = { _: 'inputPeerChannel', channelId, accessHash } as const;
    return this.call({
      _: 'account.updateNotifySettings',
      peer: { _: 'inputNotifyPeer', peer },
      settings: { _: 'inputPeerNotifySettings', muteUntil: MUTE_FOREVER },
    });
  }

  /** The posts after `pts`, `limit` at most, as one who was not told of them asks for them. */
  pull(group: Supergroup, pts: number, limit: number): Promise<tl.updates.TypeChannelDifference> {
    const { channelId, accessHash } = group;
    return this.call({
      _: 'updates.getChannelDifference',
      channel: { _: 'inputChannel', channelId, accessHash },
      filter: { _: 'channelMessagesFilterEmpty' },
      pts,
      limit,
    });
  }

  leave(): void {
    this.#connection?.close();
  }
}

export class OnlineMembers {
  readonly all: readonly OnlineMember[];
  /** Bytes that all of them have received. */
  receivedBytes = 0;
  readonly #addresses: ReadonlyMap<number, string>;
  readonly #network = createNodeNetwork();
  readonly #clock = createNodeClock();
  readonly #randomness = createNodeRandomness();
  #leaving = false;

  constructor(addresses: ReadonlyMap<number, string>, devices: readonly Device[]) {
    this.#addresses = addresses;
    this.all = devices.map((device) => new OnlineMember(device));
  }

  async arrive(rsaPublicKeyPem: string): Promise<void> {
    const [crypto, key] = [await loadCrypto(), new RsaPublicKey(rsaPublicKeyPem)];
    await eachAtOnce(this.all, CONNECTING_AT_ONCE, async (member) => {
      await this.#connect(member, crypto, key);
      // The first call makes it a session that wants updates.
      await member.call({ _: 'updates.getState' });
    });
  }

  async #connect(member: OnlineMember, crypto: MtprotoCrypto, key: RsaPublicKey): Promise<void> {
    const { device } = member;
    const stream = await this.#network.connect(this.#addresses.get(device.dc)!, CONNECT_MS);
    const connection = new ClientConnection({
      crypto,
      clock: this.#clock,
      randomness: this.#randomness,
      rsaPublicKeys: [key],
      connection: {
        remote: stream.remote,
        get bufferedBytes() {
          return stream.bufferedBytes;
        },
        setHandlers: (handlers) =>
          stream.setHandlers({
            ...handlers,
            onData: (bytes) => {
              this.receivedBytes += bytes.length;
              handlers.onData(bytes);
            },
          }),
        write: (bytes) => stream.write(bytes),
        end: () => stream.end(),
        destroy: () => stream.destroy(),
      },
      transport: 'intermediate',
      dc: device.dc,
      authKey: device.key,
      onUpdate: (updates) => member.receive(updates),
      onClosed: () => {
        if (!this.#leaving) throw new Error(`member ${device.userId} was hung up on`);
      },
    });
    member.attach(connection);
  }

  /** These members want no pushes of the group any more. */
  async mute(members: readonly OnlineMember[], group: Supergroup): Promise<void> {
    await eachAtOnce(members, CALLING_AT_ONCE, async (member) => {
      await member.mute(group);
    });
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    for (const member of this.all) member.leave();
    await this.#network.close();
  }
}

export interface PostingOptions {
  readonly group: Supergroup;
  readonly posters: readonly OnlineMember[];
  /** Who should get every post, but for its author. */
  readonly listeners: readonly OnlineMember[];
  readonly perSecond: number;
  readonly forMs: number;
}

export interface Posted {
  readonly posts: number;
  readonly deliveries: number;
  /** Deliveries that did not come, and such that came twice or to somebody who has muted. */
  readonly missing: number;
  readonly strays: number;
  /** From when a post was due until the last listener had it, ms, ascending; complete ones only. */
  readonly lastMs: Float64Array;
  /** From when a post was due until its author was told that it is durable, ms, ascending. */
  readonly answeredMs: Float64Array;
  /** How late the generator handed posts on, ms, ascending: what is not the backend's fault. */
  readonly lagsMs: Float64Array;
}

/** Posts evenly due, of the posters in turns. Nobody else may be posting in any group. */
export async function posting(
  everybody: readonly OnlineMember[],
  { group, posters, listeners, perSecond, forMs }: PostingOptions,
): Promise<Posted> {
  const count = Math.max(1, Math.round((perSecond * forMs) / 1000));
  const wanted = count * listeners.length - ownOnes(posters, listeners, count);
  const [answeredMs, lagsMs] = [new Float64Array(count), new Float64Array(count)];
  const last = new Float64Array(count);
  const left = new Int32Array(count);
  for (let id = 0; id < count; id++) {
    left[id] = listeners.length - Number(listeners.includes(posters[id % posters.length]!));
  }
  const startMs = performance.now() + 5;
  const dueMs = (id: number): number => startMs + (id * 1000) / perSecond;
  const done = Promise.withResolvers<void>();
  let [deliveries, strays, answered] = [0, 0, 0];
  const settled = (): void => {
    if (deliveries >= wanted && answered === count) done.resolve();
  };
  for (const member of everybody) member.onPost = () => strays++;
  for (const member of listeners) {
    const had = new Set<number>();
    member.onPost = (text) => {
      const id = idOf(text);
      if (had.has(id)) {
        strays++;
        return;
      }
      had.add(id);
      left[id]!--;
      last[id] = performance.now() - dueMs(id);
      deliveries++;
      settled();
    };
  }
  let next = 0;
  const postDue = (): void => {
    const nowMs = performance.now();
    for (; next < count && dueMs(next) <= nowMs; next++) {
      const id = next;
      lagsMs[id] = nowMs - dueMs(id);
      posters[id % posters.length]!.post(group, textOf(id)).then(() => {
        answeredMs[id] = performance.now() - dueMs(id);
        answered++;
        settled();
      }, done.reject);
    }
    if (next < count) setTimeout(postDue, Math.max(0, dueMs(next) - performance.now()));
  };
  postDue();
  const timer = setTimeout(done.resolve, forMs + DRAIN_MS);
  await done.promise;
  clearTimeout(timer);
  for (const member of everybody) member.onPost = () => {};
  return {
    posts: count,
    deliveries,
    missing: wanted - deliveries,
    strays,
    lastMs: last.filter((_, id) => left[id] === 0).sort(),
    answeredMs: answeredMs.sort(),
    lagsMs: lagsMs.sort(),
  };
}

/** Posts of somebody who also listens: the author's own device is not told. */
function ownOnes(
  posters: readonly OnlineMember[],
  listeners: readonly OnlineMember[],
  count: number,
): number {
  let own = 0;
  for (let id = 0; id < count; id++) {
    if (listeners.includes(posters[id % posters.length]!)) own++;
  }
  return own;
}
