/**
 * Five datacentres in which supergroups with very many members exist already: signing so many up
 * through the protocol would take hours. Written through the backend's own steps (accounts,
 * joining, memberships), in the order in which it would have happened (disk-writing.ts).
 */
import { changeMembership } from '../../system-under-test/datacenter/boxes.ts';
import { ChannelBoxes } from '../../system-under-test/datacenter/channel-boxes.ts';
import { NO_COUNTERS } from '../../system-under-test/datacenter/channel-records.ts';
import {
  changeInfo,
  changeMember,
  countersWrite,
} from '../../system-under-test/datacenter/channel-steps.ts';
import { Directory } from '../../system-under-test/datacenter/directory.ts';
import type { Store } from '../../system-under-test/environment/index.ts';
import { createNodeClock } from '../../system-under-test/live/node-clock.ts';
import { createNodeRandomness } from '../../system-under-test/live/node-randomness.ts';
import { type AuthKey, makeAuthKey } from '../../system-under-test/mtproto/auth-key.ts';
import { readInt64 } from '../../system-under-test/mtproto/bytes.ts';
import { loadCrypto, type MtprotoCrypto } from '../../system-under-test/mtproto/crypto.ts';
import { type Long, longOfBigInt } from '../../system-under-test/schema/long.ts';
import { comingIn } from '../../system-under-test/services/channels.ts';
import { emptyBox, WriteBatch, writeDisks } from './disk-writing.ts';
import { DCS } from './live-cluster.ts';

export interface SupergroupSize {
  /** Of all DCs together; the first to be made join first. */
  readonly members: number;
}

export interface SupergroupWorldOptions {
  /** Data folder of a cluster that has never run. */
  readonly folder: string;
  /** Where all supergroups are at home. */
  readonly homeDc: number;
  readonly groups: readonly SupergroupSize[];
  /** So many of the first at each DC have a signed-in device. */
  readonly devicesPerDc: number;
}

export interface Device {
  readonly dc: number;
  readonly userId: number;
  readonly key: AuthKey;
}

export interface Supergroup {
  readonly channelId: number;
  readonly accessHash: Long;
  readonly members: number;
}

export interface SupergroupWorld {
  readonly groups: readonly Supergroup[];
  /** In the order of joining, DC by DC in turns. */
  readonly devices: readonly Device[];
}

/** Prefixes of numbers that are at home at each DC (five-datacentres.json). */
const PREFIX: Readonly<Record<number, string>> = { 1: '1', 2: '31', 3: '971', 4: '91', 5: '65' };
const HOUR_SECONDS = 3_600;

export function makeSupergroupWorld(options: SupergroupWorldOptions): Promise<SupergroupWorld> {
  return writeDisks(options.folder, async (store, secret) => {
    const crypto = await loadCrypto();
    const writer = new WorldWriter(store, secret, crypto, options);
    return writer.write();
  });
}

type Made = { readonly members: number; readonly box: ReturnType<ChannelBoxes['add']> };

class WorldWriter {
  readonly #o: SupergroupWorldOptions;
  readonly #batch: WriteBatch;
  readonly #crypto: MtprotoCrypto;
  readonly #clock = createNodeClock();
  readonly #randomness = createNodeRandomness();
  readonly #channels: ChannelBoxes;
  readonly #directories: ReadonlyMap<number, Directory>;
  readonly #joinedAt: number;

  constructor(
    store: Store,
    secret: Uint8Array,
    crypto: MtprotoCrypto,
    options: SupergroupWorldOptions,
  ) {
    this.#o = options;
    this.#crypto = crypto;
    this.#batch = new WriteBatch(store);
    this.#channels = new ChannelBoxes(store, options.homeDc, this.#clock);
    const randomness = this.#randomness;
    this.#directories = new Map(
      DCS.map((dc) => [dc, new Directory({ store, dc, dcs: DCS, secret, randomness })]),
    );
    this.#joinedAt = Math.floor(this.#clock.wallMs() / 1000) - HOUR_SECONDS;
  }

  async write(): Promise<SupergroupWorld> {
    const { groups, homeDc } = this.#o;
    const made: Made[] = [];
    for (const { members } of groups) made.push(await this.#group(members));
    const devices: Device[] = [];
    const people = Math.max(...groups.map(({ members }) => members));
    for (let index = 0; index < people; index++) {
      const device = await this.#member(index, made);
      if (device) devices.push(device);
    }
    for (const { box } of made) await this.#batch.add([countersWrite(box)]);
    await this.#batch.flush();
    const directory = this.#directories.get(homeDc)!;
    return {
      devices,
      groups: made.map(({ members, box: { channelId } }) => {
        const accessHash = longOfBigInt(readInt64(directory.accessHash(channelId)));
        return { channelId, accessHash, members };
      }),
    };
  }

  async #group(members: number): Promise<Made> {
    const { channelId, write } = await this.#channels.newId();
    const [title, createdAt] = [`of ${members}`, this.#joinedAt];
    const info = { title, about: '', creator: 0, createdAt, hiddenPrehistory: false };
    const box = this.#channels.add(channelId, info, NO_COUNTERS);
    await this.#batch.add([write, changeInfo(box, info)]);
    return { members, box };
  }

  /** The next person: an account, membership in every group that is large enough, a device. */
  async #member(index: number, groups: readonly Made[]): Promise<Device | undefined> {
    const dc = DCS[index % DCS.length]!;
    const ofDc = Math.floor(index / DCS.length);
    const home = this.#directories.get(dc)!;
    const joinedAt = this.#joinedAt;
    const phone = `${PREFIX[dc]}${String(1_000_000 + ofDc)}`;
    const person = { phone, firstName: `Member ${index}`, lastName: '', createdAt: joinedAt };
    const { user, writes } = home.newUser(person);
    const own = emptyBox(dc, user.id);
    for (const { members, box } of groups) {
      if (index >= members) continue;
      const record = comingIn(box, undefined, user.id, joinedAt);
      writes.push(
        ...changeMember(box, user.id, undefined, record).writes,
        ...changeMembership(own, box.channelId, { muted: false, joinedAt }).writes,
      );
    }
    const key = ofDc < this.#o.devicesPerDc ? this.#newKey() : undefined;
    if (key) writes.push(home.signInWrite(key, user.id));
    await this.#batch.add(writes);
    return key && { dc, userId: user.id, key };
  }

  #newKey(): AuthKey {
    const random = (count: number): Uint8Array => this.#randomness.bytes(count);
    const nonces = { newNonce: random(32), serverNonce: random(16) };
    return makeAuthKey(this.#crypto, random(256), nonces, this.#clock.wallMs());
  }
}
