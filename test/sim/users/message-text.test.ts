import { describe, expect, test } from 'vitest';
import { numbered, numberIn } from '../../../sim/users/message-text.ts';

const RUN = '0a1b2c3d';

describe('the number in a text', () => {
  test.each([0, 7, 10_000_000])('%i comes back as it went in', (n) => {
    expect(numberIn(numbered(n, RUN, 60, 'x'.repeat(60)), RUN)).toBe(n);
  });

  test('the text is as long as it was asked for, unless the number needs more', () => {
    expect(numbered(12, RUN, 40, 'x'.repeat(40))).toHaveLength(40);
    expect(numbered(12, RUN, 3, 'x'.repeat(40))).toBe(`q12 ${RUN} `);
  });

  test.each([
    ['of another run', 'q12 ffffffff hello'],
    ['without a number', `q ${RUN} hello`],
    ['of somebody who writes like that', 'question 12'],
    ['with something else in the number', `q1x ${RUN} hello`],
    ['with a number that no run has', `q123456789012 ${RUN} hello`],
    ['without a mark', 'q12'],
    ['that is empty', ''],
  ])('a text %s has none', (_, text) => {
    expect(numberIn(text, RUN)).toBe(-1);
  });
});
