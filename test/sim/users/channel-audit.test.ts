/** The comparison of supergroups at the end sees what it is for. */
import { describe, expect, test } from 'vitest';
import {
  auditChannel,
  type DeviceView,
  type WholeChannel,
} from '../../../sim/users/channel-audit.ts';
import {
  ChannelLedger,
  type PostChange,
  type ShownMessage,
} from '../../../sim/users/channel-ledger.ts';
import type { MembershipChange } from '../../../sim/users/membership-facts.ts';

const ALICE = 0;
const BOB = 1;
const CAROL = 2;
const NOW = 1_000;

const message = (id: number, post: number, version = 0): ShownMessage => ({
  id,
  text: ChannelLedger.textOf(post, version, 20),
});

/** Ids 1 (a service message) to 4: three posts of Alice, stored; she and Bob are in. */
function setUp() {
  const ledger = new ChannelLedger((invariant, text) => {
    throw new Error(`${invariant}: ${text}`);
  });
  ledger.addChannel(ALICE);
  const step = (user: number, change: MembershipChange, atMs: number) => {
    const made = ledger.membership(0, user).asked(change, atMs);
    return Object.assign(made, { doneMs: atMs, took: true });
  };
  step(ALICE, 'join', 1);
  step(BOB, 'join', 1);
  const posts = [10, 11, 12].map((sentMs) => {
    const post = ledger.addPost(0, ALICE, sentMs, true);
    post.sentMs = sentMs;
    ledger.acked(post, 'stored', sentMs + 5);
    return post;
  });
  const history = [{ id: 1, text: undefined }, message(2, 0), message(3, 1), message(4, 2)];
  const whole: WholeChannel = { pts: 4, history, difference: history, count: 2, readTo: 0 };
  const audit = (
    read: ReadonlyMap<number, WholeChannel | undefined>,
    views: readonly DeviceView[] = [],
  ): string[] => {
    const findings = auditChannel(ledger, 0, { whole: read, views }, NOW);
    return findings.map(({ invariant }) => invariant);
  };
  /** Alice and Bob read the same. */
  const auditBoth = (change: Partial<WholeChannel>): string[] => {
    const read = { ...whole, ...change, difference: change.history ?? history };
    return audit(
      new Map([
        [ALICE, read],
        [BOB, read],
      ]),
    );
  };
  const changed = (post: number, kind: PostChange['kind'], more: Partial<PostChange> = {}) =>
    Object.assign(ledger.addChange(posts[post]!, kind), { doneMs: 50, took: true, ...more });
  return { ledger, step, posts, history, whole, audit, auditBoth, changed };
}

test('what is as it should be has no findings', () => {
  const { history, whole, audit } = setUp();
  const texts = new Map(history.map(({ id, text }) => [id, text]));
  const view = { user: BOB, device: 1, pts: 4, fromId: 1, texts };
  expect(
    audit(
      new Map([
        [ALICE, whole],
        [BOB, whole],
        [CAROL, undefined],
      ]),
      [view],
    ),
  ).toEqual([]);
});

describe('the history', () => {
  test.each<[string, ShownMessage[], string[]]>([
    ['without a stored post', [message(2, 0), message(4, 2)], ['lost']],
    [
      'with one of them twice',
      [message(2, 0), message(3, 1), message(4, 2), message(5, 0)],
      ['doubled', 'order'],
    ],
    ['out of order', [message(2, 0), message(3, 2), message(4, 1)], ['order']],
    ['with ids that go back', [message(2, 0), message(4, 1), message(3, 2)], ['dense']],
    ['with a hole', [message(2, 0), message(3, 1), message(9, 2)], ['dense']],
    [
      'with a text that nobody wrote',
      [message(2, 0, 3), message(3, 1), message(4, 2)],
      ['differs'],
    ],
  ])('%s', (_, posts, expected) => {
    const { auditBoth } = setUp();
    const found = auditBoth({ history: [{ id: 1, text: undefined }, ...posts] });
    expect(found.filter((kind, at) => found.indexOf(kind) === at)).toEqual(
      expect.arrayContaining(expected),
    );
    expect(found.length).toBeGreaterThan(0);
  });

  test('a queued post of a member that is not there; not of one who is out', () => {
    const { ledger, step, auditBoth } = setUp();
    const queued = ledger.addPost(0, BOB, 20, true);
    queued.sentMs = 20;
    ledger.acked(queued, 'queued', 21);
    expect(auditBoth({})).toEqual(['lost']);
    step(BOB, 'ban', 30);
    expect(auditBoth({})).not.toContain('lost');
  });
});

describe('edits and deletions', () => {
  test('a deletion that took explains a gap, and nothing else does', () => {
    const { history, auditBoth, changed } = setUp();
    const shorter = { history: history.filter(({ id }) => id !== 3) };
    expect(auditBoth(shorter)).toEqual(['dense', 'lost']);
    changed(1, 'delete');
    expect(auditBoth(shorter)).toEqual([]);
    expect(auditBoth({})).toEqual(['lost']); // it is there again
  });

  test('a deletion that was refused leaves the post', () => {
    const { auditBoth, changed } = setUp();
    changed(1, 'delete', { took: false });
    expect(auditBoth({})).toEqual([]);
  });

  test('an edit that took is shown, unless it may have been late', () => {
    const { history, auditBoth, changed } = setUp();
    const edited = { history: history.with(2, message(3, 1, 1)) };
    const first = changed(1, 'edit');
    expect(auditBoth({})).toEqual(['lost']);
    expect(auditBoth(edited)).toEqual([]);
    changed(1, 'edit');
    expect(auditBoth(edited)).toEqual(['lost']);
    first.mayBeLate = true; // carried out after the second
    expect(auditBoth(edited)).toEqual([]);
  });
});

describe('members', () => {
  test('somebody who is out can read', () => {
    const { step, whole, audit } = setUp();
    step(BOB, 'ban', 20);
    expect(
      audit(
        new Map([
          [ALICE, whole],
          [BOB, whole],
        ]),
      ),
    ).toEqual(['visible']);
    expect(
      audit(
        new Map([
          [ALICE, { ...whole, count: 1 }],
          [BOB, undefined],
        ]),
      ),
    ).toEqual([]);
    const three = { ...whole, count: 3 };
    expect(
      audit(
        new Map([
          [ALICE, three],
          [BOB, three],
          [CAROL, three],
        ]),
      ),
    ).toEqual(['visible', 'visible']);
  });

  test('somebody who is in cannot', () => {
    const { whole, audit } = setUp();
    expect(
      audit(
        new Map([
          [ALICE, { ...whole, count: 1 }],
          [BOB, undefined],
        ]),
      ),
    ).toEqual(['members']);
  });

  test('a count that is not that of those who can read', () => {
    const { whole, audit } = setUp();
    expect(
      audit(
        new Map([
          [ALICE, whole],
          [BOB, { ...whole, count: 3 }],
        ]),
      ),
    ).toEqual(['members']);
  });

  test('a read pointer behind what was acknowledged; not after leaving', () => {
    const { ledger, step, whole, audit } = setUp();
    ledger.channel(0).readTo.set(BOB, 3);
    expect(
      audit(
        new Map([
          [ALICE, whole],
          [BOB, whole],
        ]),
      ),
    ).toEqual(['pointer']);
    expect(
      audit(
        new Map([
          [ALICE, whole],
          [BOB, { ...whole, readTo: 3 }],
        ]),
      ),
    ).toEqual([]);
    step(BOB, 'leave', 20);
    step(BOB, 'join', 30);
    expect(
      audit(
        new Map([
          [ALICE, whole],
          [BOB, whole],
        ]),
      ),
    ).toEqual([]);
  });
});

describe('two who differ', () => {
  test.each<[string, (history: ShownMessage[]) => Partial<WholeChannel>]>([
    ['in a message', (history) => ({ history: history.slice(0, 3) })],
    ['in a text', (history) => ({ history: history.with(3, message(4, 2, 1)) })],
    ['in how far they are', () => ({ pts: 3 })],
    ['in what the difference has', (history) => ({ difference: history.slice(1) })],
  ])('%s', (_, change) => {
    const { history, whole, audit } = setUp();
    expect(
      audit(
        new Map([
          [ALICE, whole],
          [BOB, { ...whole, ...change(history) }],
        ]),
      ),
    ).toEqual(['differs']);
  });

  test('a device that has every step and shows something else', () => {
    const { history, whole, audit } = setUp();
    const read = new Map([
      [ALICE, whole],
      [BOB, whole],
    ]);
    const viewOf = (shown: readonly ShownMessage[], more: Partial<DeviceView> = {}): DeviceView => {
      const texts = new Map(shown.map(({ id, text }) => [id, text]));
      return { user: BOB, device: 0, pts: 4, fromId: 1, texts, ...more };
    };
    expect(audit(read, [viewOf(history.slice(1))])).toEqual(['differs']);
    expect(audit(read, [viewOf(history.slice(1), { fromId: 2 })])).toEqual([]); // never asked
    expect(audit(read, [viewOf([...history, message(5, 9)])])).toEqual(['differs']);
    expect(audit(read, [viewOf(history.slice(0, 3), { pts: 3 })])).toEqual([]); // on its way
  });
});
