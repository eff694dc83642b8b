/** What second devices must show, and who is noticed when they do not. */
import { expect, test } from 'vitest';
import type { EchoLedger } from '../../../sim/users/echo-ledger.ts';
import { Ledger, type LedgerEntry } from '../../../sim/users/ledger.ts';

const ALICE = 0;
const BOB = 1;

/** A message from Alice to Bob that is stored and shown on Bob's first device. */
function setUp(): { ledger: Ledger; entry: LedgerEntry; echoes: EchoLedger } {
  const ledger = new Ledger();
  const entry = ledger.add(ALICE, BOB, 0, true);
  entry.sentMs = 1;
  ledger.acked(entry, 'stored', 2);
  ledger.delivered(Ledger.textOf(entry.id, 20), BOB, 1, 3);
  return { ledger, entry, echoes: ledger.echoes };
}

test('nothing is expected of those with one device', () => {
  const { ledger, echoes } = setUp();
  expect(echoes.missing(ledger.entries)).toEqual([]);
});

test.each([
  ['sender', ALICE],
  ['recipient', BOB],
])('the second device of the %s has to show it', (_, user) => {
  const { ledger, entry, echoes } = setUp();
  echoes.expect(user);
  expect(echoes.missing(ledger.entries)).toEqual([entry]);
  echoes.shown(1 - user, Ledger.textOf(entry.id, 20)); // somebody else's shows nothing for it
  echoes.shown(user, 'hello');
  expect(echoes.missing(ledger.entries)).toEqual([entry]);
  echoes.shown(user, Ledger.textOf(entry.id, 20));
  expect(echoes.missing(ledger.entries)).toEqual([]);
});

test('what is not stored yet is not missing', () => {
  const ledger = new Ledger();
  const entry = ledger.add(ALICE, BOB, 0, true);
  ledger.echoes.expect(ALICE);
  ledger.acked(entry, 'queued', 2);
  expect(ledger.echoes.missing(ledger.entries)).toEqual([]);
  ledger.acked(entry, 'stored', 3);
  expect(ledger.echoes.missing(ledger.entries)).toEqual([entry]);
});
