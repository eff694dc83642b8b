/**
 * Supergroups over five datacentres, followed by people's devices and checked by a ledger of their
 * own: the home of one is lost, somebody is banned while a datacentre is cut off, people come and
 * go under load, second devices, devices that are switched off.
 */
import { beforeAll, expect, test } from 'vitest';
import type { Fault } from '../../../chaos/plan.ts';
import { type ClusterRun, runCluster } from '../../../sim/cluster/run-cluster.ts';
import type { TrackedChannel } from '../../../sim/users/channel-ledger.ts';
import type { CrowdPerson } from '../../../sim/users/crowd.ts';
import type { DueOperation, PlannedChannel } from '../../../sim/users/workload.ts';
import topology from '../../../system-under-test/five-datacentres.json' with { type: 'json' };
import { loadCrypto, type MtprotoCrypto } from '../../../system-under-test/mtproto/crypto.ts';

let crypto: MtprotoCrypto;
beforeAll(async () => {
  crypto = await loadCrypto();
});

const WINDOW_SECONDS = 14;

/** User n is at home at DC 1 + n % 5. */
function people(count: number, withSecond: readonly number[] = []): CrowdPerson[] {
  return Array.from({ length: count }, (_, index) => {
    const homeDc = 1 + (index % 5);
    const phone = `99966${homeDc}${String(Math.floor(index / 5)).padStart(4, '0')}`;
    const secondDevice = withSecond.includes(index) ? { secondDevice: true } : {};
    return { index, homeDc, phone, name: `user ${index}`, ...secondDevice };
  });
}

/** User 2 (DC 3) has created it; users up to `count` are in. */
const channelOf = (count: number): PlannedChannel => ({
  creator: 2,
  members: Array.from({ length: count }, (_, user) => user).filter((user) => user !== 2),
});

/** These take turns, so many posts a second of the window. */
function posts(senders: readonly number[], perSecond: number): DueOperation[] {
  return Array.from({ length: perSecond * (WINDOW_SECONDS - 1) }, (_, index) => ({
    kind: 'post',
    dueMs: (index * 1_000) / perSecond,
    user: senders[index % senders.length]!,
    channel: 0,
    textBytes: 40,
  }));
}

interface World {
  readonly people: readonly CrowdPerson[];
  readonly channel: PlannedChannel;
  readonly operations: readonly DueOperation[];
  readonly faults?: readonly Fault[];
}

/** Every promise of the ledger holds, and everything has settled. */
async function runWith(seed: string, world: World): Promise<Ran> {
  const run = await runCluster({
    topology,
    crypto,
    seed,
    people: world.people,
    messages: [],
    workload: {
      channels: [world.channel],
      operations: [...world.operations].sort((a, b) => a.dueMs - b.dueMs),
    },
    warmupSeconds: 0,
    windowSeconds: WINDOW_SECONDS,
    faults: world.faults ?? [],
  });
  expect(run.crowd.ledger.violations).toEqual([]);
  expect(run.waiting).toEqual([]);
  expect(run.faults.filter(({ firedAtSeconds }) => firedAtSeconds === undefined)).toEqual([]);
  return { run, channel: run.crowd.ledger.channels.channel(0) };
}

interface Ran {
  readonly run: ClusterRun;
  readonly channel: TrackedChannel;
}

const at = (run: ClusterRun, second: number): number => run.crowd.windowStartMs + second * 1_000;

test('the home of a supergroup is lost: posts wait elsewhere, and all see all in the end', async () => {
  const { run, channel } = await runWith('channel home lost', {
    people: people(10),
    channel: channelOf(10),
    operations: [
      ...posts([0, 1, 2, 3, 4, 5], 8),
      { kind: 'edit', dueMs: 6_000, user: 1, channel: 0 },
      { kind: 'delete', dueMs: 6_500, user: 0, channel: 0 },
    ],
    faults: [{ kind: 'dc_loss', dc: 3, atSeconds: 4, forSeconds: 5 }],
  });
  const queued = channel.posts.filter(({ ack }) => ack === 'queued');
  expect(queued.length).toBeGreaterThan(10);
  for (const post of channel.posts) {
    expect(post.storedMs).toBeDefined();
    // A post that is deleted before somebody looks again is never shown to him.
    if (post.changes.length === 0) expect(post.shownMs.size).toBe(10);
  }
  const soon = channel.posts.filter(({ dueMs }) => dueMs < at(run, 3.5));
  for (const { shownMs, dueMs } of soon) {
    expect(Math.max(...shownMs.values()) - dueMs).toBeLessThan(1_000);
  }
});

test('a ban while the banned user’s datacentre is cut off', async () => {
  const { run, channel } = await runWith('ban in a partition', {
    people: people(8),
    channel: channelOf(8),
    operations: [
      ...posts([0, 2, 4, 6], 6),
      { kind: 'ban', dueMs: 4_000, user: 2, channel: 0, target: 6 }, // of DC 2
      { kind: 'unban', dueMs: 11_000, user: 2, channel: 0, target: 6 },
      { kind: 'join', dueMs: 12_000, user: 6, channel: 0 },
    ],
    faults: [{ kind: 'partition', groups: [[2], [1, 3, 4, 5]], atSeconds: 3, forSeconds: 4 }],
  });
  const theirs = channel.posts.filter(({ sender }) => sender === 6);
  const cutOff = theirs.filter(({ dueMs }) => dueMs > at(run, 4.2) && dueMs < at(run, 6.8));
  expect(cutOff.length).toBeGreaterThan(2);
  for (const { storedMs, refused } of cutOff) {
    expect(storedMs).toBeUndefined(); // checked again when it is carried out
    expect(refused ?? 'dropped').toMatch(/dropped|USER_BANNED_IN_CHANNEL|CHANNEL_PRIVATE/);
  }
  // What others wrote meanwhile comes to him only once he is in again.
  const others = channel.posts.filter(
    ({ sender, dueMs }) => sender !== 6 && dueMs > at(run, 7.5) && dueMs < at(run, 10),
  );
  expect(others.length).toBeGreaterThan(5);
  for (const { shownMs } of others) {
    expect(shownMs.get(6) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(at(run, 11));
    expect(shownMs.has(1)).toBe(true); // also of DC 2, and not banned
  }
});

test('people join, are invited and leave under load', async () => {
  const comings: DueOperation[] = Array.from({ length: 60 }, (_, index) => {
    const dueMs = 500 + index * 200;
    const user = 5 + (index % 7);
    if (index % 3 === 0) return { kind: 'join', dueMs, user, channel: 0 };
    if (index % 3 === 1) return { kind: 'leave', dueMs, user, channel: 0 };
    return { kind: 'invite', dueMs, user: index % 5, channel: 0, target: user };
  });
  const { run, channel } = await runWith('coming and going', {
    people: people(12),
    channel: channelOf(5),
    operations: [...posts([0, 1, 2, 3, 4], 10), ...comings],
  });
  const stored = channel.posts.filter(({ storedMs }) => storedMs !== undefined);
  expect(stored).toHaveLength(10 * (WINDOW_SECONDS - 1));
  for (const { shownMs } of stored) {
    for (const member of [0, 1, 2, 3, 4]) expect(shownMs.has(member)).toBe(true);
  }
  const changed = [...channel.members.keys()].filter((user) => user >= 5);
  expect(changed).toHaveLength(7);
  const { pushes, pulls } = run.crowd.ledger.channels.totals;
  expect(pushes).toBeGreaterThan(4 * stored.length); // pushed to those who stay
  expect(pulls).toBeGreaterThan(100);
});

test('a second device shows all that the first one posts and gets', async () => {
  const { channel } = await runWith('second devices', {
    people: people(6, [0, 2, 3]),
    channel: channelOf(6),
    operations: [
      ...posts([0, 1, 2, 3], 5),
      { kind: 'open', dueMs: 3_000, user: 0, channel: 0, device: 1 },
      { kind: 'read', dueMs: 5_000, user: 0, channel: 0, device: 1 },
      { kind: 'edit', dueMs: 6_000, user: 0, channel: 0 },
      { kind: 'away', dueMs: 7_000, user: 3, device: 1, forMs: 3_000 },
      { kind: 'read', dueMs: 11_000, user: 0, channel: 0, device: 0 },
    ],
    faults: [{ kind: 'clients_cut', dc: 1, atSeconds: 4, forSeconds: 3 }],
  });
  const second = channel.followings.filter(({ device }) => device === 1);
  expect(second.map(({ user }) => user).sort()).toEqual([0, 2, 3]);
  for (const { pts } of second) expect(pts).toBe(channel.ptsMax);
  expect(channel.ptsMax).toBeGreaterThan(60);
  expect(channel.readTo.get(0)).toBeGreaterThan(40);
});

test('a device that was switched off asks for what it has missed', async () => {
  const { run, channel } = await runWith('off and on', {
    people: people(6),
    channel: channelOf(6),
    operations: [
      ...posts([0, 2], 8),
      { kind: 'away', dueMs: 3_000, user: 1, device: 0, forMs: 5_000 },
      { kind: 'away', dueMs: 4_000, user: 2, device: 0, forMs: 1_000 },
    ],
  });
  const missed = channel.posts.filter(
    ({ sender, dueMs }) => sender === 0 && dueMs > at(run, 3.5) && dueMs < at(run, 7.5),
  );
  expect(missed.length).toBeGreaterThan(10);
  for (const { shownMs } of missed) {
    expect(shownMs.get(1)).toBeGreaterThan(at(run, 8));
    expect(shownMs.get(4)).toBeLessThan(at(run, 8));
  }
  // What user 2 wrote while the device was off went out when it was on again.
  const late = channel.posts.filter(
    ({ sender, dueMs }) => sender === 2 && dueMs > at(run, 4) && dueMs < at(run, 4.9),
  );
  expect(late.length).toBeGreaterThan(1);
  for (const { sentMs, storedMs } of late) {
    expect(sentMs).toBeGreaterThan(at(run, 5));
    expect(storedMs).toBeDefined();
  }
});
