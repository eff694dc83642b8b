import { describe, expect, test } from 'vitest';
import { PeopleWords } from '../../../sim/users/people-words.ts';

describe('names and words of virtual users', () => {
  test('are those of the seed, whoever asks and for however many', () => {
    const names = new PeopleWords('7').names(50);
    expect(new PeopleWords('7').names(10)).toEqual(names.slice(0, 10));
    expect(new PeopleWords('8').names(50)).not.toEqual(names);
    expect(new Set(names).size).toBeGreaterThan(45);
    const words = new PeopleWords('7');
    const before = words.wordsOf(99, 200);
    words.names(3);
    expect(words.wordsOf(99, 200)).toBe(before);
    expect(new PeopleWords('7').wordsOf(99, 200)).toBe(before);
    expect(words.wordsOf(98, 200)).not.toBe(before);
  });

  test.each([1, 150, 4_096])('%i characters are as many bytes', (length) => {
    const words = new PeopleWords('7');
    for (const n of [0, 63, 64, 1_000_003]) {
      const text = words.wordsOf(n, length);
      expect(text).toHaveLength(length);
      expect(Buffer.byteLength(text)).toBe(length);
    }
  });
});
