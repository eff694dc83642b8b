/** The ledger sees every kind of broken promise: without it no other test could. */
import { expect, test } from 'vitest';
import { type AuditedMessage, Ledger } from '../../../sim/users/ledger.ts';

const ALICE = 0;
const BOB = 1;
const CAROL = 2;

/** Three messages from Alice to Bob, all acknowledged. */
function setUp(): { ledger: Ledger; box: (out: boolean, ...ids: number[]) => AuditedMessage[] } {
  const ledger = new Ledger();
  for (let count = 0; count < 3; count++) {
    ledger.acked(ledger.add(ALICE, BOB, count, true), 'stored', count + 1);
  }
  const box = (out: boolean, ...ids: number[]): AuditedMessage[] =>
    ids.map((id, index) => ({ id: index + 1, out, text: Ledger.textOf(id, 20) }));
  return { ledger, box };
}

const kinds = (ledger: Ledger): string[] => ledger.violations.map(({ invariant }) => invariant);

test('boxes as they should be break nothing', () => {
  const { ledger, box } = setUp();
  ledger.auditBox(ALICE, box(true, 0, 1, 2));
  ledger.auditBox(BOB, box(false, 0, 1, 2));
  ledger.auditBox(CAROL, []);
  expect(ledger.violations).toEqual([]);
});

test.each<[string, boolean, number[], string[]]>([
  ['missing in the sender’s box', true, [0, 2], ['lost']],
  ['missing in the recipient’s box', false, [0, 1], ['lost']],
  ['twice in the sender’s box', true, [0, 1, 1, 2], ['doubled']],
  ['twice in the recipient’s box', false, [0, 1, 2, 0], ['doubled']],
  ['out of order for the sender', true, [1, 0, 2], ['order']],
  ['out of order for the recipient', false, [0, 2, 1], ['order']],
])('a message %s is seen', (_where, out, ids, expected) => {
  const { ledger, box } = setUp();
  ledger.auditBox(out ? ALICE : BOB, box(out, ...ids));
  expect(kinds(ledger)).toEqual(expected);
  expect(ledger.count('lost')).toBe(expected.filter((kind) => kind === 'lost').length);
});

test('a gap in the ids of a box is seen', () => {
  const { ledger, box } = setUp();
  const messages = box(true, 0, 1, 2).map((each) => ({ ...each, id: each.id + 1 }));
  ledger.auditBox(ALICE, messages);
  expect(kinds(ledger)).toEqual(['dense', 'dense', 'dense']);
});

test('what nobody was promised may be missing', () => {
  const { ledger, box } = setUp();
  ledger.add(ALICE, BOB, 9, true);
  ledger.auditBox(ALICE, box(true, 0, 1, 2));
  ledger.auditBox(BOB, box(false, 0, 1, 2, 3));
  expect(ledger.violations).toEqual([]);
});

test('a delivery to somebody else, or under a second id, is seen as it happens', () => {
  const { ledger } = setUp();
  const text = Ledger.textOf(1, 20);
  ledger.delivered(text, BOB, 5, 10);
  ledger.delivered(text, BOB, 5, 11); // pushed, and found again by a difference
  expect(ledger.violations).toEqual([]);
  expect(ledger.entries[1]).toMatchObject({ deliveredMs: 10, deliveredId: 5 });
  ledger.delivered(text, BOB, 6, 12);
  ledger.delivered(text, CAROL, 1, 13);
  expect(kinds(ledger)).toEqual(['doubled', 'lost']);
});

test('a message is settled when home has it and its recipient shows it', () => {
  const ledger = new Ledger();
  const entry = ledger.add(ALICE, BOB, 0, true);
  expect(ledger.unsettled()).toEqual([entry]); // its sender's device may be off
  entry.sentMs = 1;
  ledger.acked(entry, 'queued', 2);
  expect(ledger.unsettled()).toEqual([entry]);
  ledger.delivered(Ledger.textOf(0, 20), BOB, 1, 3);
  expect(ledger.unsettled()).toEqual([entry]);
  ledger.acked(entry, 'stored', 4);
  expect(entry).toMatchObject({ ack: 'queued', ackedMs: 2, storedMs: 4 });
  expect(ledger.unsettled()).toEqual([]);
});
