/** Which order a backend has promised, and where it is broken. */
import { expect, test } from 'vitest';
import { disorderedIn, type OrderedMessage } from '../../../sim/users/chat-order.ts';

const message = (
  id: number,
  [sentMs, ackedMs]: [number, number | undefined],
  deliveredId: number | undefined,
  sender = 0,
): OrderedMessage => ({ id, sender, recipient: 1, sentMs, ackedMs, deliveredId });

test.each<[string, OrderedMessage[], number[]]>([
  ['one after the other', [message(0, [1, 2], 1), message(1, [3, 4], 2)], []],
  ['turned around', [message(0, [1, 2], 2), message(1, [3, 4], 1)], [1]],
  ['turned around, but under way together', [message(0, [1, 5], 2), message(1, [3, 4], 1)], []],
  ['turned around, of two senders', [message(0, [1, 2], 2), message(1, [3, 4], 1, 5)], []],
  ['the first is nowhere', [message(0, [1, 2], undefined), message(1, [3, 4], 1)], []],
  ['the first was never acknowledged', [message(0, [1, undefined], 9), message(1, [3, 4], 1)], []],
  [
    'two stand before a third',
    [message(0, [1, 2], 3), message(1, [3, 4], 1), message(2, [5, 6], 2)],
    [1, 2],
  ],
])('%s', (_, messages, wrong) => {
  expect(disorderedIn(messages)).toEqual(wrong);
  expect(disorderedIn(messages.toReversed())).toEqual(wrong);
});

test('a clock of whole milliseconds leaves some in doubt', () => {
  const messages = [message(0, [1, 2], 2), message(1, [3, 4], 1)];
  expect(disorderedIn(messages, 1)).toEqual([]);
  expect(disorderedIn(messages, 0.5)).toEqual([1]);
});
