/**
 * The disks of five datacentres on which supergroups with very many members exist already: signing
 * so many up through the protocol would take hours. Written while no datacentre runs, through the
 * backend's own steps (accounts, memberships, joining), in the order in which it would have
 * happened. All five get copies of the same domains and no streams: as if all of it had been
 * replicated and acknowledged long ago.
 */
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { changeMembership } from '../../system-under-test/datacenter/boxes.ts';
import { ChannelBoxes } from '../../system-under-test/datacenter/channel-boxes.ts';
import { NOT_IN } from '../../system-under-test/datacenter/channel-records.ts';
import {
  changeInfo,
  changeMember,
  countersWrite,
} from '../../system-under-test/datacenter/channel-steps.ts';
import { checked } from '../../system-under-test/datacenter/checked-store.ts';
import { Directory } from '../../system-under-test/datacenter/directory.ts';
import { identityWrite } from '../../system-under-test/datacenter/identity.ts';
import type { Store } from '../../system-under-test/environment/index.ts';
import { dcFolder, openClusterFiles } from '../../system-under-test/live/cluster-files.ts';
import { openLevelStore } from '../../system-under-test/live/level-store.ts';
import { createNodeClock } from '../../system-under-test/live/node-clock.ts';
import { createNodeRandomness } from '../../system-under-test/live/node-randomness.ts';
import { type AuthKey, makeAuthKey } from '../../system-under-test/mtproto/auth-key.ts';
import { readInt64 } from '../../system-under-test/mtproto/bytes.ts';
import { loadCrypto } from '../../system-under-test/mtproto/crypto.ts';
import { type Long, longOfBigInt } from '../../system-under-test/schema/long.ts';
import { comingIn } from '../../system-under-test/services/channels.ts';
import { emptyBox, WriteBatch } from './disk-writing.ts';
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

export async function makeSupergroupWorld(
  options: SupergroupWorldOptions,
): Promise<SupergroupWorld> {
  const { folder } = options;
  const { secret } = await openClusterFiles(folder);
  const seed = join(folder, 'seed');
  const store = await openLevelStore(seed);
  const world = await fill(checked(store), secret, options);
  await store.close();
  for (const dc of DCS) {
    const target = join(dcFolder(folder, dc), 'store');
    await mkdir(dcFolder(folder, dc), { recursive: true });
    await cp(seed, target, { recursive: true });
    const own = await openLevelStore(target);
    await checked(own).write([identityWrite(dc, secret, Date.now())]);
    await own.close();
  }
  await rm(seed, { recursive: true });
  return world;
}

async function fill(
  store: Store,
  secret: Uint8Array,
  { homeDc, groups, devicesPerDc }: SupergroupWorldOptions,
): Promise<SupergroupWorld> {
  const [clock, randomness, crypto] = [
    createNodeClock(),
    createNodeRandomness(),
    await loadCrypto(),
  ];
  const directories = new Map(
    DCS.map((dc) => [dc, new Directory({ store, dc, dcs: DCS, secret, randomness })]),
  );
  const directory = directories.get(homeDc)!;
  const joinedAt = Math.floor(clock.wallMs() / 1000) - HOUR_SECONDS;
  const batch = new WriteBatch(store);
  const channels = new ChannelBoxes(store, homeDc, clock);
  const made: { members: number; box: ReturnType<ChannelBoxes['add']> }[] = [];
  for (const { members } of groups) {
    const { channelId, write } = await channels.newId();
    const title = `of ${members}`;
    const info = {
      ...{ title, about: '', creator: 0, createdAt: joinedAt, hiddenPrehistory: false },
    };
    const box = channels.add(channelId, info, NO_COUNTERS);
    await batch.add([write, changeInfo(box, info)]);
    made.push({ members, box });
  }
  const newKey = (): AuthKey =>
    makeAuthKey(
      crypto,
      randomness.bytes(256),
      { newNonce: randomness.bytes(32), serverNonce: randomness.bytes(16) },
      clock.wallMs(),
    );
  const devices: Device[] = [];
  const people = Math.max(...groups.map(({ members }) => members));
  for (let index = 0; index < people; index++) {
    const dc = DCS[index % DCS.length]!;
    const ofDc = Math.floor(index / DCS.length);
    const home = directories.get(dc)!;
    const phone = `${PREFIX[dc]}${String(1_000_000 + ofDc)}`;
    const { user, writes } = home.newUser({
      ...{ phone, firstName: `Member ${index}`, lastName: '', createdAt: joinedAt },
    });
    if (ofDc < devicesPerDc) {
      const key = newKey();
      writes.push(home.signInWrite(key, user.id));
      devices.push({ dc, userId: user.id, key });
    }
    const own = emptyBox(dc, user.id);
    for (const { members, box } of made) {
      if (index >= members) continue;
      const record = comingIn(box, undefined, user.id, joinedAt);
      writes.push(
        ...changeMember(box, user.id, undefined, record).writes,
        ...changeMembership(own, box.channelId, { muted: false, joinedAt }).writes,
      );
    }
    await batch.add(writes);
  }
  for (const { box } of made) await batch.add([countersWrite(box)]);
  await batch.flush();
  return {
    devices,
    groups: made.map(({ members, box: { channelId } }) => {
      const accessHash = longOfBigInt(readInt64(directory.accessHash(channelId)));
      return { channelId, accessHash, members };
    }),
  };
}

const NO_COUNTERS = {
  ...{ pts: 0, lastId: 0, members: 0, admins: 0, kicked: 0, restricted: 0 },
  joins: NOT_IN,
} as const;
