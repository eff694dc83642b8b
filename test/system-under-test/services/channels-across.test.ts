/** Supergroups with members at two datacentres, and the link between these cut. */
import { describe, expect, test } from 'vitest';
import { dcNode } from '../../../sim/cluster/virtual-cluster.ts';
import type { tl } from '../../../system-under-test/schema/tl.ts';
import {
  channelDifference,
  create,
  edit,
  erase,
  inputOf,
  invite,
  join,
  pushedPosts,
  restrict,
  shown,
} from './channel-people.ts';
import { type VirtualPeople, withPeople } from './virtual-people.ts';

const rpcError = (code: number, text: string): unknown => expect.objectContaining({ code, text });
const totals = ({ cluster }: VirtualPeople, dc: number) => cluster.datacenter(dc)!.status().totals;

/** When somebody posts after another has asked to join from the other DC, 125 ms away; ms. */
const JOINERS = Array.from({ length: 16 }, (_, index) => 100 + 10 * index);

/** Nothing passes from one DC to the other, or in either direction. Returns how to heal it. */
function cut({ cluster }: VirtualPeople, from: number, to: number, both = true): () => void {
  const isCut = (a: string, b: string): boolean =>
    (a === dcNode(from) && b === dcNode(to)) || (both && b === dcNode(from) && a === dcNode(to));
  return cluster.network.addRule({
    name: 'cut',
    state: (a, b) => (isCut(a, b) ? 'cut' : undefined),
  });
}

describe('two datacentres', () => {
  test('a post crosses the link once, and everybody there hears it', () =>
    withPeople([1, 5, 5, 5], async (world) => {
      const { people, pass } = world;
      const [alice, ...others] = people.map(({ device }) => device);
      const chat = await create(alice!);
      for (const device of others) await join(device, chat);
      await pass(2_000);
      const before = totals(world, 5);
      for (const [index, text] of ['one', 'two', 'three'].entries()) {
        await alice!.send(chat, text, index + 1);
      }
      await others[0]!.send(chat, 'four', 1);
      await pass(1_000);
      expect(pushedPosts(alice!, chat)).toEqual(['5 four']);
      expect(pushedPosts(others[0]!, chat)).toEqual(['2 one', '3 two', '4 three']);
      for (const device of others.slice(1)) {
        expect(pushedPosts(device, chat)).toEqual(['2 one', '3 two', '4 three', '5 four']);
        expect(shown(await device.history(chat))).toHaveLength(5);
      }
      expect(totals(world, 1)['channelPosts']).toBe(4);
      const pushes = (totals(world, 5)['channelPushes'] ?? 0) - (before['channelPushes'] ?? 0);
      expect(pushes).toBe(4 * 3);
    }));

  test('whoever joins while somebody posts reads the post, hears it or is told to look', () =>
    withPeople([1, 5, ...JOINERS.map(() => 5)], async ({ people, pass }) => {
      const [alice, bob, ...joiners] = people.map(({ device }) => device);
      const chat = await create(alice!);
      await join(bob!, chat);
      await pass(2_000);
      for (const [index, device] of joiners.entries()) {
        const text = `post ${index}`;
        const joining = join(device, chat).then(async () => {
          // A hint that comes while a question is under way makes a client ask once more.
          const toldBefore = device.pushed.length;
          return { read: shown(await device.history(chat)), toldBefore };
        });
        await pass(JOINERS[index] ?? 0);
        await alice!.send(chat, text, index + 1);
        const { read, toldBefore } = await joining;
        await pass(2_000);
        const hints = device.pushed.slice(toldBefore).filter((each) => each._ === 'updateShort');
        const knows = [...read, ...pushedPosts(device, chat)].some((each) => each.endsWith(text));
        expect(knows || hints.length > 0, `${text}, after ${JOINERS[index]} ms`).toBe(true);
        expect(shown(await device.history(chat))[0]).toMatch(text);
      }
    }));

  test('whoever is banned hears and reads nothing more, wherever the session is', () =>
    withPeople([1, 5, 5], async (world) => {
      const { people, meet, pass } = world;
      const [alice, bob, carol] = people.map(({ device }) => device);
      const [toBob, toCarol] = [await meet(0, 1), await meet(0, 2)];
      const chat = await create(alice!);
      await invite(alice!, chat, [toBob, toCarol]);
      await pass(2_000);
      await alice!.send(chat, 'before', 1);
      await pass(500);
      expect(shown(await bob!.history(chat))[0]).toBe('3 before');
      const heal = cut(world, 1, 5, false);
      await restrict(alice!, chat, toBob, { viewMessages: true });
      await alice!.send(chat, 'after', 2);
      await pass(5_000);
      // The copy is old, and so is the membership that it shows.
      expect(shown(await bob!.history(chat))[0]).toBe('3 before');
      heal();
      await pass(10_000);
      await expect(bob!.history(chat)).rejects.toEqual(rpcError(400, 'CHANNEL_PRIVATE'));
      await alice!.send(chat, 'later', 3);
      await pass(1_000);
      expect(pushedPosts(bob!, chat)).toEqual(['3 before']);
      expect(pushedPosts(carol!, chat).at(-1)).toBe('6 later');
      // What the cut kept back was hinted at, or stands in the difference.
      expect(carol!.pushed.some((each) => each._ === 'updateShort')).toBe(true);
      const difference = await channelDifference(carol!, chat, 0);
      expect(difference).toMatchObject({ final: true, pts: 6 });
    }));

  test('posts wait for a lost home in order, and each is carried out once', () =>
    withPeople([1, 5, 5], async (world) => {
      const { people, pass } = world;
      const [alice, bob, carol] = people.map(({ device }) => device);
      const chat = await create(alice!);
      for (const device of [bob!, carol!]) await join(device, chat);
      await pass(2_000);
      await bob!.send(chat, 'before', 1);
      await pass(1_000);
      const heal = cut(world, 1, 5);
      // The first is in doubt for a while: it may have got there.
      const queued = (await bob!.send(chat, 'one', 2)) as tl.RawUpdates;
      expect(queued.updates[1]).toMatchObject({
        _: 'updateNewScheduledMessage',
        message: { message: 'one', fromScheduled: true, peerId: { _: 'peerChannel' } },
      });
      await bob!.send(chat, 'two', 3);
      const repeat = (await bob!.send(chat, 'one', 2)) as tl.RawUpdates;
      expect(repeat.updates).toEqual(queued.updates);
      await edit(bob!, chat, 2, 'BEFORE');
      await erase(bob!, chat, [2]);
      expect(await bob!.call({ _: 'channels.readHistory', channel: inputOf(chat), maxId: 0 })).toBe(
        true,
      );
      const refused = rpcError(503, 'HOME_DC_UNREACHABLE');
      await expect(join(bob!, chat)).rejects.toEqual(refused);
      await expect(bob!.send(chat, ' ', 9)).rejects.toEqual(rpcError(400, 'MESSAGE_EMPTY'));
      expect(shown(await bob!.history(chat))).toEqual(['2 before', '1 <ChannelCreate>']);
      await alice!.send(chat, 'meanwhile', 4);
      heal();
      await pass(10_000);
      const all = ['5 two', '4 one', '3 meanwhile', '1 <ChannelCreate>'];
      for (const device of [alice!, bob!, carol!]) {
        expect(shown(await device.history(chat))).toEqual(all);
      }
      const settled = bob!.updates.filter((each) => each._ === 'updateDeleteScheduledMessages');
      expect(settled.map((each) => each.sentMessages)).toEqual([[4], [5]]);
      expect(pushedPosts(alice!, chat)).toEqual(['2 before', '4 one', '5 two']);
    }));

  test('a post that was carried out and queued as well is told to its sender with its step', () =>
    withPeople([1, 5], async (world) => {
      const { people, pass } = world;
      const [alice, bob] = people.map(({ device }) => device);
      const chat = await create(alice!);
      await join(bob!, chat);
      await pass(2_000);
      // The request arrives, its answer does not.
      const heal = cut(world, 1, 5, false);
      const queued = (await bob!.send(chat, 'in doubt', 1)) as tl.RawUpdates;
      expect(queued.updates[1]).toMatchObject({ _: 'updateNewScheduledMessage' });
      heal();
      await pass(8_000);
      expect(shown(await bob!.history(chat))).toEqual(['2 in doubt', expect.anything()]);
      expect(pushedPosts(bob!, chat)).toEqual(['2 in doubt']);
      expect(bob!.updates).toContainEqual(
        expect.objectContaining({ _: 'updateNewChannelMessage', pts: 2, ptsCount: 1 }),
      );
    }));

  test('a post that may not be carried out any more is taken from its sender', () =>
    withPeople([1, 5], async (world) => {
      const { people, meet, pass } = world;
      const [alice, bob] = people.map(({ device }) => device);
      const toBob = await meet(0, 1);
      const chat = await create(alice!);
      await invite(alice!, chat, [toBob]);
      await pass(2_000);
      const heal = cut(world, 1, 5);
      const queued = (await bob!.send(chat, 'too late', 1)) as tl.RawUpdates;
      const [first] = queued.updates;
      if (first?._ !== 'updateMessageID') throw new Error('not queued');
      await restrict(alice!, chat, toBob, { viewMessages: true });
      heal();
      await pass(10_000);
      expect(shown(await alice!.history(chat))[0]).toBe('3 <ChatDeleteUser>');
      const gone = bob!.updates.find((each) => each._ === 'updateDeleteScheduledMessages');
      expect(gone).toMatchObject({ messages: [first.id], sentMessages: undefined });
    }));
});
