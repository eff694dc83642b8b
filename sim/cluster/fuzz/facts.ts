/**
 * The two facts that contradict each other when a promise is broken: what somebody was told, and
 * what is seen later. Drawn from the ledger and from the names in the violation's own sentence
 * ("message 12", "user 3", "DC 4").
 */
import type { BrokenPromise, Fact, Lane } from '../../../reports/timeline.ts';
import type { LedgerEntry } from '../../users/ledger.ts';
import type { Failure } from './run-world.ts';

const device = (user: number): Lane => ({ kind: 'device', user });

/** `at` turns milliseconds of the ledger into seconds of the window. */
export function brokenPromise(
  { invariant, text }: Failure,
  seenSeconds: number,
  entries: readonly LedgerEntry[],
  at: (ms: number) => number,
): BrokenPromise {
  const messages = numbersAfter(text, /\bmessages? (\d+)|\bafter (\d+)/g);
  const first = entries[messages[0] ?? -1];
  const owner = numbersAfter(text, /\buser (\d+)/g)[0];
  const dcs = numbersAfter(text, /\bDC (\d+)/g);
  const seen = (lane: Lane): Fact => ({ lane, atSeconds: seenSeconds, text });
  const told = first ? toldAbout(invariant, first, entries[messages[1] ?? -1], at) : undefined;
  if (first) {
    const reader =
      owner ?? (invariant === 'lost' && !/recipient/.test(text) ? first.sender : first.recipient);
    return { invariant, text, messages, facts: [...(told ? [told] : []), seen(device(reader))] };
  }
  const lanes = dcs.length > 0 ? dcs.map((dc): Lane => ({ kind: 'dc', dc })) : undefined;
  const lane = owner === undefined ? undefined : device(owner);
  const facts = (lanes ?? (lane ? [lane] : [])).slice(0, 2).map(seen);
  return { invariant, text, messages, facts };
}

/** What was said or seen about a message before, if anything. */
function toldAbout(
  invariant: string,
  entry: LedgerEntry,
  other: LedgerEntry | undefined,
  at: (ms: number) => number,
): Fact | undefined {
  const { id, sender, recipient } = entry;
  if (invariant === 'doubled' && entry.deliveredMs !== undefined) {
    const text = `user ${recipient} has message ${id} as number ${entry.deliveredId}`;
    return { lane: device(recipient), atSeconds: at(entry.deliveredMs), text };
  }
  if (invariant === 'order' && other && entry.sentMs !== undefined) {
    const text = `user ${sender} sends message ${id}, before message ${other.id}`;
    return { lane: device(sender), atSeconds: at(entry.sentMs), text };
  }
  if (invariant !== 'liveness' && entry.ackedMs !== undefined) {
    const text = `user ${sender} is told that message ${id} is ${entry.ack}`;
    return { lane: device(sender), atSeconds: at(entry.ackedMs), text };
  }
  if (entry.sentMs === undefined) return undefined;
  const text = `user ${sender} sends message ${id}`;
  return { lane: device(sender), atSeconds: at(entry.sentMs), text };
}

function numbersAfter(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].map((match) => Number(match[1] ?? match[2]));
}
