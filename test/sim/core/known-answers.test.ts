/** Published vectors of the generators, and fixed values of what is built on them. */
import { describe, expect, test } from 'vitest';
import { Digest } from '../../../sim/core/digest.ts';
import { keyOfSeed, SEED_LENGTH_MAX } from '../../../sim/core/seed.ts';
import { deriveKey, drawWord, drawWords, randomStream } from '../../../sim/core/streams.ts';
import { threefry4x32, type Words4 } from '../../../sim/core/threefry.ts';
import { Xoshiro128 } from '../../../sim/core/xoshiro.ts';

const words = (text: string): Words4 =>
  text.split(' ').map((word) => Number.parseInt(word, 16)) as unknown as Words4;

describe('Threefry-4x32-20 gives the vectors of Random123 (kat_vectors)', () => {
  test.each([
    [
      '00000000 00000000 00000000 00000000',
      '00000000 00000000 00000000 00000000',
      '9c6ca96a e17eae66 fc10ecd4 5256a7d8',
    ],
    [
      'ffffffff ffffffff ffffffff ffffffff',
      'ffffffff ffffffff ffffffff ffffffff',
      '2a881696 57012287 f6c7446e a16a6732',
    ],
    [
      '243f6a88 85a308d3 13198a2e 03707344',
      'a4093822 299f31d0 082efa98 ec4e6c89',
      '59cd1dbb b8879579 86b5d00c ac8b6d84',
    ],
  ])('counter %s', (counter, key, expected) => {
    expect(threefry4x32(words(key), words(counter))).toEqual(words(expected));
  });
});

describe('xoshiro128**', () => {
  const published = [
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597,
    4258142804,
  ];
  test('gives the sequence of rand_xoshiro from state 1, 2, 3, 4', () => {
    const generator = new Xoshiro128([1, 2, 3, 4]);
    expect(published.map(() => generator.nextWord())).toEqual(published);
  });
  test('fills blocks with the same words as one at a time, across block ends', () => {
    const generator = new Xoshiro128([1, 2, 3, 4]);
    const block = new Uint32Array(5);
    generator.fill(block);
    const first = [...block];
    generator.fill(block);
    expect([...first, ...block]).toEqual(published);
  });
  test('refuses the state that it could never leave', () => {
    expect(() => new Xoshiro128([0, 0, 0, 0])).toThrow('all zero');
  });
});

describe('digest, seeds and streams', () => {
  test('fixed values: a change here changes every result', () => {
    expect(new Digest().hex()).toBe(DIGEST_OF_NOTHING);
    expect(keyOfSeed('42')).toEqual(KEY_OF_42);
    expect(randomStream(keyOfSeed('42'), 'test', 1, 2).nextWord()).toBe(FIRST_WORD);
  });
  test('the digest sees length, order and split of what it absorbs', () => {
    const of = (...numbers: number[]): string => new Digest().words(numbers).hex();
    const all = [of(), of(0), of(0, 0), of(1, 2, 3), of(1, 2, 3, 0), of(3, 2, 1), of(1, 2, 3, 4)];
    all.push(new Digest().text('ab').text('c').hex(), new Digest().text('a').text('bc').hex());
    expect(new Set(all).size).toBe(all.length);
    const running = new Digest().words([1, 2]);
    running.hex();
    expect(running.word(3).hex()).toBe(of(1, 2, 3));
    expect(() => new Digest().integers([-1])).toThrow('non-negative');
  });
  test('a draw depends on seed, name and index, and on nothing else', () => {
    const key = keyOfSeed('42');
    expect(drawWord(key, 'a', 7)).toBe(drawWord(key, 'a', 7));
    const draws = [drawWord(key, 'a', 7), drawWord(key, 'a', 8), drawWord(key, 'b', 7)];
    draws.push(drawWord(keyOfSeed('43'), 'a', 7), drawWord(key, 'a', 7 + 2 ** 32));
    expect(new Set(draws).size).toBe(5);
    expect(drawWords(deriveKey(key, 'a'), 7)[0]).toBe(drawWord(key, 'a', 7));
  });
  test('streams next to each other are uncorrelated', () => {
    const key = keyOfSeed('independence');
    const count = 20_000;
    const uniform = (column: number): number[] => {
      const stream = randomStream(key, 'column', column);
      return Array.from({ length: count }, () => stream.nextWord() / 2 ** 32 - 0.5);
    };
    const [a, b] = [uniform(0), uniform(1)];
    const product = a.reduce((sum, x, i) => sum + x * b[i]!, 0) / count / (1 / 12);
    expect(Math.abs(product)).toBeLessThan(4 / Math.sqrt(count));
  });
  test('a seed is 1 to 256 characters', () => {
    expect(() => keyOfSeed('')).toThrow('seed');
    expect(() => keyOfSeed('x'.repeat(SEED_LENGTH_MAX + 1))).toThrow('use 1 to 256');
  });
});

const DIGEST_OF_NOTHING = '6e16ce6e3f72aa841adbc986f9ba8412';
const KEY_OF_42 = [3480839027, 42657680, 3446190262, 1641796001];
const FIRST_WORD = 1798715248;
