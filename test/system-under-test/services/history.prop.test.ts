/** messages.getHistory and updates.getDifference against a plain array, for any paging. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../../../system-under-test/datacenter/limits.ts';
import type { tl } from '../../../system-under-test/schema/tl.ts';
import { withPeople } from './virtual-people.ts';

interface Paging {
  readonly offsetId: number;
  readonly offsetDate: number;
  readonly addOffset: number;
  readonly limit: number;
  readonly maxId: number;
  readonly minId: number;
}

interface Stored {
  readonly id: number;
  readonly date: number;
}

/** https://core.telegram.org/api/offsets, said of a list that has the newest first. */
function pageOf(list: readonly Stored[], paging: Paging): number[] {
  const { offsetId, offsetDate, addOffset, maxId, minId } = paging;
  const inside = list.filter(({ id }) => id > minId && (maxId === 0 || id < maxId));
  let start = 0;
  if (offsetId > 0) start = inside.filter(({ id }) => id >= offsetId).length;
  else if (offsetDate > 0) start = inside.filter(({ date }) => date >= offsetDate).length;
  start = Math.max(0, start + addOffset);
  const limit = Math.min(Math.max(paging.limit, 1), LIMITS.historyMessagesMax);
  return inside.slice(start, start + limit).map(({ id }) => id);
}

const MESSAGES = 40;
const idsOf = (answer: tl.messages.TypeMessages): number[] =>
  answer._ === 'messages.messagesNotModified' ? [] : answer.messages.map(({ id }) => id);

test('a chat can be paged through in every way', { timeout: 30_000 }, () =>
  withPeople([1, 1, 1], async ({ people, meet, pass }) => {
    const [alice, bob, carol] = people.map(({ device }) => device);
    const toBob = await meet(0, 1);
    const toCarol = await meet(0, 2);
    const toAlice = await meet(1, 0);
    const fromCarol = await meet(2, 0);
    // The chat with Bob, with gaps in its ids where Carol and Alice talk.
    for (let number = 1; number <= MESSAGES; number++) {
      await (number % 2 ? alice!.send(toBob, 'a', number) : bob!.send(toAlice, 'b', number));
      if (number % 3 === 0) await carol!.send(fromCarol, 'c', number);
      if (number % 5 === 0) await alice!.send(toCarol, 'd', 1_000 + number);
      await pass(number % 4 === 0 ? 2_500 : 100);
    }
    const whole = await alice!.history(toBob, { limit: 100 });
    if (whole._ !== 'messages.messages') throw new Error(`the whole chat, not ${whole._}`);
    const list = whole.messages.map((each) => ({
      id: each.id,
      date: each._ === 'message' ? each.date : 0,
    }));
    expect(list).toHaveLength(MESSAGES);
    const newestId = list[0]!.id;
    const dates = [list[0]!.date + 1, list.at(-1)!.date - 1, ...list.map(({ date }) => date)];
    const someId = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: newestId + 3 }));
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          offsetId: someId,
          offsetDate: fc.oneof(fc.constant(0), fc.constantFrom(...dates)),
          addOffset: fc.oneof(fc.constant(0), fc.integer({ min: -60, max: 60 })),
          limit: fc.integer({ min: 1, max: 120 }),
          maxId: someId,
          minId: someId,
        }),
        async (paging) => {
          expect(idsOf(await alice!.history(toBob, paging))).toEqual(pageOf(list, paging));
        },
      ),
      { numRuns: 400 },
    );
  }),
);

test('the difference comes in slices without gaps', () =>
  withPeople([1, 5], async ({ people, meet, pass }) => {
    const [alice, bob] = people.map(({ device }) => device);
    const toBob = await meet(0, 1);
    const toAlice = await meet(1, 0);
    for (let number = 1; number <= 7; number++) await alice!.send(toBob, `out ${number}`, number);
    await bob!.send(toAlice, 'in 8', 8);
    await pass(1_000);
    await alice!.call({ _: 'messages.readHistory', peer: toBob, maxId: 0 });
    await bob!.call({ _: 'messages.readHistory', peer: toAlice, maxId: 0 });
    await pass(1_000);
    const events = 10;
    for (const ptsLimit of [1, 3, 10, 1_000]) {
      const texts: string[] = [];
      const others: string[] = [];
      let pts = 0;
      for (let calls = 1; ; calls++) {
        expect(calls).toBeLessThanOrEqual(Math.ceil(events / ptsLimit));
        const answer = await alice!.difference(pts, ptsLimit);
        if (answer._ !== 'updates.difference' && answer._ !== 'updates.differenceSlice') {
          throw new Error(`unexpected ${answer._}`);
        }
        texts.push(...answer.newMessages.map((each) => (each as tl.RawMessage).message));
        others.push(...answer.otherUpdates.map((update) => update._));
        expect(answer.users.map((user) => user.id)).toContain(people[0]!.userId);
        const slice = answer._ === 'updates.differenceSlice';
        const state = slice ? answer.intermediateState : answer.state;
        expect(state.pts).toBe(Math.min(events, pts + ptsLimit));
        pts = state.pts;
        if (!slice) break;
      }
      expect(pts).toBe(events);
      expect(texts).toEqual([1, 2, 3, 4, 5, 6, 7].map((each) => `out ${each}`).concat('in 8'));
      expect(others).toEqual(['updateReadHistoryInbox', 'updateReadHistoryOutbox']);
    }
    expect(await alice!.difference(events)).toMatchObject({ _: 'updates.differenceEmpty' });
    // A client may know more than a replica that lags.
    expect(await alice!.difference(events + 5)).toMatchObject({ _: 'updates.differenceEmpty' });
  }));
