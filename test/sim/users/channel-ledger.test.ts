/** The ledger of supergroups sees every kind of broken promise as it happens. */
import { describe, expect, test } from 'vitest';
import { ChannelLedger, type PostEntry } from '../../../sim/users/channel-ledger.ts';
import type { MembershipChange } from '../../../sim/users/membership-facts.ts';

const ALICE = 0;
const BOB = 1;
const CAROL = 2;
const CHANNEL = 0;

/** A supergroup of Alice and Bob, both in since 1 ms; a post of Alice sent at 10 ms. */
function setUp() {
  const broken: [string, string][] = [];
  const ledger = new ChannelLedger((invariant, text) => broken.push([invariant, text]));
  ledger.addChannel(ALICE);
  /** Asked and answered at `atMs`. */
  const step = (user: number, change: MembershipChange, atMs: number, took = true) => {
    const made = ledger.membership(CHANNEL, user).asked(change, atMs);
    Object.assign(made, { doneMs: atMs, took });
    return made;
  };
  step(ALICE, 'join', 1);
  step(BOB, 'join', 1);
  const post = (sender: number, sentMs: number, channel = CHANNEL): PostEntry => {
    const entry = ledger.addPost(channel, sender, sentMs, true);
    entry.sentMs = sentMs;
    return entry;
  };
  const show = (user: number, entry: PostEntry, id: number, nowMs: number, channel = CHANNEL) => {
    const text = ChannelLedger.textOf(entry.id, 0, 20);
    ledger.shown(channel, user, { id, text }, 'push', nowMs);
  };
  const kinds = (): string[] => broken.map(([invariant]) => invariant);
  return { ledger, step, post, show, kinds, first: post(ALICE, 10) };
}

test('a history as it should be breaks nothing', () => {
  const { ledger, step, post, show, kinds, first } = setUp();
  ledger.acked(first, 'stored', 12);
  for (const user of [ALICE, BOB]) show(user, first, 2, 14);
  show(BOB, first, 2, 15); // pushed, and found again by a difference
  ledger.event(CHANNEL, 2, 'new 2', ALICE);
  ledger.event(CHANNEL, 2, 'new 2', BOB);
  step(CAROL, 'join', 20);
  show(CAROL, first, 2, 21); // what was there before
  step(BOB, 'leave', 30);
  const later = post(ALICE, 40);
  ledger.acked(later, 'stored', 41);
  show(CAROL, later, 3, 42);
  step(BOB, 'join', 50);
  show(BOB, later, 3, 51); // who is in again sees again
  ledger.readTo(CHANNEL, BOB, 3, 2);
  expect(kinds()).toEqual([]);
  expect(first.shownMs).toEqual(
    new Map([
      [ALICE, 14],
      [BOB, 14],
      [CAROL, 21],
    ]),
  );
});

describe('visibility', () => {
  test.each<[MembershipChange]>([['leave'], ['ban']])('a post after a %s', (change) => {
    const { step, post, show, kinds, first } = setUp();
    step(BOB, change, 20);
    show(BOB, first, 2, 25); // sent before: may be on its way
    expect(kinds()).toEqual([]);
    show(BOB, post(ALICE, 30), 3, 40);
    expect(kinds()).toEqual(['visible']);
  });

  test('a post to somebody who was never in', () => {
    const { show, kinds, first } = setUp();
    show(CAROL, first, 2, 25);
    expect(kinds()).toEqual(['visible']);
  });

  test('not to somebody whose coming back is in doubt, but to one who is banned meanwhile', () => {
    const { ledger, step, post, show, kinds } = setUp();
    step(BOB, 'leave', 20);
    ledger.membership(CHANNEL, BOB).asked('join', 25); // no answer yet
    const later = post(ALICE, 30);
    show(BOB, later, 3, 40);
    expect(kinds()).toEqual([]);
    step(BOB, 'ban', 50);
    show(BOB, post(ALICE, 60), 4, 70);
    expect(kinds()).toEqual(['visible']);
  });

  test('a refused ban keeps nobody out', () => {
    const { step, post, show, kinds } = setUp();
    step(BOB, 'ban', 20, false);
    show(BOB, post(ALICE, 30), 3, 40);
    expect(kinds()).toEqual([]);
  });

  test('a post in another channel', () => {
    const { ledger, show, kinds, first } = setUp();
    ledger.addChannel(BOB);
    show(BOB, first, 2, 25, 1);
    expect(kinds()).toEqual(['visible']);
  });

  test('a post taken from somebody who is out, or never was in', () => {
    const { ledger, step, post, kinds } = setUp();
    step(BOB, 'ban', 20);
    ledger.acked(post(BOB, 15), 'stored', 25); // it was sent before
    expect(kinds()).toEqual([]);
    ledger.acked(post(BOB, 30), 'stored', 35);
    ledger.acked(post(CAROL, 30), 'stored', 35);
    expect(kinds()).toEqual(['visible', 'visible']);
  });
});

describe('numbers', () => {
  test('one id for two posts, or for a post and a service message', () => {
    const { ledger, post, show, kinds, first } = setUp();
    show(BOB, first, 2, 14);
    show(BOB, post(ALICE, 20), 2, 25);
    ledger.shown(CHANNEL, BOB, { id: 2, text: undefined }, 'pull', 26);
    expect(kinds()).toEqual(['dense', 'dense']);
  });

  test('two ids for one post', () => {
    const { show, kinds, first } = setUp();
    show(BOB, first, 2, 14);
    show(ALICE, first, 3, 15);
    expect(kinds()).toEqual(['doubled']);
  });

  test('one step that is two things', () => {
    const { ledger, kinds } = setUp();
    ledger.event(CHANNEL, 5, 'new 2', ALICE);
    ledger.event(CHANNEL, 5, 'delete 2', BOB);
    expect(kinds()).toEqual(['dense']);
    expect(ledger.channel(CHANNEL).ptsMax).toBe(5);
  });

  test('a read pointer that goes back', () => {
    const { ledger, kinds } = setUp();
    ledger.readTo(CHANNEL, BOB, 7, 7);
    expect(kinds()).toEqual([]);
    ledger.readTo(CHANNEL, BOB, 6, 7);
    expect(kinds()).toEqual(['pointer']);
  });
});

describe('a queued post that is dropped', () => {
  test('was lost if its author was in all the time', () => {
    const { ledger, kinds, first } = setUp();
    ledger.acked(first, 'queued', 12);
    ledger.refused(first, 'CHANNEL_PRIVATE', 20);
    expect(kinds()).toEqual(['lost']);
  });

  test('was not if its author was banned meanwhile, or nobody promised anything', () => {
    const { ledger, step, post, kinds, first } = setUp();
    ledger.refused(first, 'CHAT_WRITE_FORBIDDEN', 12);
    const queued = post(BOB, 15);
    ledger.acked(queued, 'queued', 16);
    step(BOB, 'ban', 18);
    ledger.refused(queued, 'USER_BANNED_IN_CHANNEL', 20);
    expect(kinds()).toEqual([]);
  });
});

describe('what is waited for', () => {
  test('a post until its author has the answer, or what was queued is stored', () => {
    const { ledger, first } = setUp();
    expect(ledger.unsettled(20)).toEqual(['post 0 in channel 0']);
    ledger.acked(first, 'queued', 21);
    expect(ledger.unsettled(22)).toEqual(['post 0 in channel 0']);
    ledger.acked(first, 'stored', 23);
    expect(first).toMatchObject({ ack: 'queued', ackedMs: 21, storedMs: 23 });
    expect(ledger.unsettled(24)).toEqual([]);
  });

  test('a queued post of somebody who is out is not', () => {
    const { ledger, step, post, first } = setUp();
    ledger.acked(first, 'stored', 12);
    ledger.acked(post(BOB, 15), 'queued', 16);
    expect(ledger.unsettled(17)).toHaveLength(1);
    step(BOB, 'ban', 18);
    expect(ledger.unsettled(19)).toEqual([]);
  });

  test('an operation without an answer', () => {
    const { ledger, first } = setUp();
    ledger.acked(first, 'stored', 12);
    ledger.beginOperation();
    expect(ledger.unsettled(20)).toEqual(['1 operations without an answer']);
    ledger.endOperation();
    expect(ledger.unsettled(20)).toEqual([]);
  });

  test('a device of a member that lags; not one that is off, or whose user is out', () => {
    const { ledger, step, first } = setUp();
    ledger.acked(first, 'stored', 12);
    ledger.event(CHANNEL, 4, 'new 4', ALICE);
    const { followings } = ledger.channel(CHANNEL);
    followings.push({ user: BOB, device: 1, pts: 3, expectsAll: true });
    expect(ledger.unsettled(20)).toEqual(['device 1 of user 1 in channel 0 at step 3 of 4']);
    followings[0] = { user: BOB, device: 1, pts: 3, expectsAll: false };
    expect(ledger.unsettled(20)).toEqual([]);
    followings[0] = { user: BOB, device: 1, pts: undefined, expectsAll: true };
    expect(ledger.unsettled(20)).toEqual(['device 1 of user 1 in channel 0 at step none of 4']);
    step(BOB, 'leave', 21);
    expect(ledger.unsettled(22)).toEqual([]);
  });

  test('nothing of a muted channel, nor where nobody can know', () => {
    const { ledger } = setUp();
    ledger.mute(CHANNEL, BOB, true);
    expect(ledger.mayBeMuted(CHANNEL, BOB)).toBe(true);
    ledger.mute(CHANNEL, BOB, false);
    expect(ledger.mayBeMuted(CHANNEL, BOB)).toBe(false);
    ledger.mute(CHANNEL, BOB, false, true);
    expect(ledger.mayBeMuted(CHANNEL, BOB)).toBe(true);
  });
});
