/**
 * Random words from four xoshiro128** generators in the lanes of a register, and values of a law by
 * its quantile table: bit for bit what sim/core/lanes.ts and sim/core/quantile-table.ts give.
 */
import { BLOCK, STREAM_AT, STREAM_BLOCK, TABLE_HIGH, TABLE_LOW } from '../layout.ts';

function rotated(x: v128, by: i32): v128 {
  return v128.or(i32x4.shl(x, by), i32x4.shr_u(x, 32 - by));
}

/** The next BLOCK words of the generators at `state`, to `words`. */
export function fillWords(state: usize, words: usize): void {
  let a = v128.load(state);
  let b = v128.load(state, 16);
  let c = v128.load(state, 32);
  let d = v128.load(state, 48);
  for (let at = words; at < words + (BLOCK << 2); at += 16) {
    const turned = rotated(i32x4.add(i32x4.shl(b, 2), b), 7); // b × 5
    v128.store(at, i32x4.add(i32x4.shl(turned, 3), turned)); // × 9
    const shifted = i32x4.shl(b, 9);
    c = v128.xor(c, a);
    d = v128.xor(d, b);
    b = v128.xor(b, c);
    a = v128.xor(a, d);
    c = v128.xor(c, shifted);
    d = rotated(d, 11);
  }
  v128.store(state, a);
  v128.store(state, b, 16);
  v128.store(state, c, 32);
  v128.store(state, d, 48);
}

/** The outermost cells: four linear steps in every octave of the word's lower 20 bits. */
function tailAt(nodes: usize, rest: u32): f64 {
  const octave = 32 - clz(rest);
  if (octave === 0) return load<f64>(nodes);
  const start = <f64>(1 << (octave - 1));
  const position = ((<f64>rest - start) / start) * 4;
  const step = floor(position);
  const node = nodes + ((octave * 4 + <u32>step) << 3);
  const from = load<f64>(node);
  return from + (load<f64>(node, 8) - from) * (position - step);
}

/** The value of a law at a word in one of its outermost cells, or anywhere else. */
function valueAt(table: usize, word: u32): f64 {
  const cell = word >>> 20;
  const rest = word & 0xfffff;
  if (cell === 0) return tailAt(table + TABLE_LOW, rest);
  if (cell === 4095) return tailAt(table + TABLE_HIGH, 0xfffff - rest);
  const low = table + (<usize>cell << 3);
  const from = load<f64>(low);
  return from + (load<f64>(low, 8) - from) * (<f64>(<i32>rest) * (1.0 / 1048576.0));
}

/** A new block of values of the law at `table` in the stream, four at a time. */
export function refill(stream: usize, table: usize, words: usize): void {
  fillWords(stream, words);
  let out = stream + STREAM_BLOCK;
  const restMask = i32x4.splat(0xfffff);
  const share = f64x2.splat(1.0 / 1048576.0);
  const one = i32x4.splat(1);
  const inner = i32x4.splat(4094);
  for (let at = words; at < words + (BLOCK << 2); at += 16) {
    const four = v128.load(at);
    const cells = i32x4.shr_u(four, 20);
    const isInner = i32x4.lt_u(i32x4.sub(cells, one), inner);
    if (!i32x4.all_true(isInner)) {
      for (let lane: usize = 0; lane < 4; lane++) {
        store<f64>(out + (lane << 3), valueAt(table, load<u32>(at + (lane << 2))));
      }
      out += 32;
      continue;
    }
    const rests = v128.and(four, restMask);
    const low = f64x2.mul(f64x2.convert_low_i32x4_s(rests), share);
    const upper = v128.shuffle<u64>(rests, rests, 1, 1);
    const high = f64x2.mul(f64x2.convert_low_i32x4_s(upper), share);
    const places = i32x4.shl(cells, 3);
    // Each holds a cell's value and the next one's.
    const a = v128.load(table + <usize>i32x4.extract_lane(places, 0));
    const b = v128.load(table + <usize>i32x4.extract_lane(places, 1));
    const c = v128.load(table + <usize>i32x4.extract_lane(places, 2));
    const d = v128.load(table + <usize>i32x4.extract_lane(places, 3));
    const fromLow = v128.shuffle<f64>(a, b, 0, 2);
    const toLow = v128.shuffle<f64>(a, b, 1, 3);
    v128.store(out, between(fromLow, toLow, low));
    const fromHigh = v128.shuffle<f64>(c, d, 0, 2);
    const toHigh = v128.shuffle<f64>(c, d, 1, 3);
    v128.store(out, between(fromHigh, toHigh, high), 16);
    out += 32;
  }
  store<i32>(stream, 0, STREAM_AT);
}

function between(from: v128, to: v128, share: v128): v128 {
  return f64x2.add(from, f64x2.mul(f64x2.sub(to, from), share));
}

/** A new block of words in the stream. */
export function refillWords(stream: usize): void {
  fillWords(stream, stream + STREAM_BLOCK);
  store<i32>(stream, 0, STREAM_AT);
}

/** One value, where draws are rare. */
export function draw(stream: usize, table: usize, words: usize): f64 {
  let at = load<i32>(stream, STREAM_AT);
  if (at === BLOCK) {
    refill(stream, table, words);
    at = 0;
  }
  store<i32>(stream, at + 1, STREAM_AT);
  return load<f64>(stream + ((<usize>at) << 3), STREAM_BLOCK);
}

/** One word, where draws are rare. */
export function drawWord(stream: usize): u32 {
  let at = load<i32>(stream, STREAM_AT);
  if (at === BLOCK) {
    refillWords(stream);
    at = 0;
  }
  store<i32>(stream, at + 1, STREAM_AT);
  return load<u32>(stream + ((<usize>at) << 2), STREAM_BLOCK);
}
