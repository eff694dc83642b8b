/**
 * The pq of the key exchange: a small proof of work that clients factorise. Telegram keeps it below
 * 2^63; so do we, with primes of 31 bits.
 */
import { fromBigInt, toBigInt } from './bytes.ts';

const PRIMES: readonly bigint[] = [
  1944563191n,
  2141750519n,
  1920454267n,
  2110408571n,
  2070827413n,
  1971471121n,
  2140856191n,
  1899504331n,
  1675090783n,
  1626505157n,
  1616871127n,
  2004959717n,
  1619920763n,
  2052870263n,
  1988830891n,
  1942315003n,
];

export interface PrimePair {
  /** Big-endian, p < q. */
  readonly p: Uint8Array;
  readonly q: Uint8Array;
  readonly pq: Uint8Array;
}

/** Two different primes, chosen by two random bytes. */
export function drawPrimePair(random: Uint8Array): PrimePair {
  const first = random[0]! % PRIMES.length;
  const second = (first + 1 + (random[1]! % (PRIMES.length - 1))) % PRIMES.length;
  const a = PRIMES[first]!;
  const b = PRIMES[second]!;
  const [p, q] = a < b ? [a, b] : [b, a];
  return { p: fromBigInt(p), q: fromBigInt(q), pq: fromBigInt(p * q) };
}

/** The two prime factors of a pq below 2^63 (Pollard's rho, Brent's variant), or undefined. */
export function factorise(pq: Uint8Array): PrimePair | undefined {
  const n = toBigInt(pq);
  if (n < 4n || n >= 2n ** 63n) return undefined;
  for (let c = 1n; c <= 8n; c++) {
    const factor = n % 2n === 0n ? 2n : findFactor(n, c);
    if (factor === undefined || factor === n) continue;
    const other = n / factor;
    const [p, q] = factor < other ? [factor, other] : [other, factor];
    return { p: fromBigInt(p), q: fromBigInt(q), pq };
  }
  return undefined;
}

/** More steps than a 31-bit factor can need, so that a pq without factors ends the search. */
const STEPS_MAX = 1 << 19;
/** Products gathered before one greatest common divisor is taken. */
const BATCH = 128;

function findFactor(n: bigint, c: bigint): bigint | undefined {
  let y = 2n;
  let power = 1;
  for (let steps = 0; steps < STEPS_MAX; ) {
    const x = y;
    for (let i = 0; i < power; i++) y = (y * y + c) % n;
    for (let k = 0; k < power; k += BATCH) {
      const batchStart = y;
      const count = Math.min(BATCH, power - k);
      let product = 1n;
      for (let i = 0; i < count; i++) {
        y = (y * y + c) % n;
        product = (product * (x > y ? x - y : y - x)) % n;
      }
      steps += count;
      const divisor = gcd(product, n);
      if (divisor === n) return singleSteps(n, c, x, batchStart, count);
      if (divisor > 1n) return divisor;
    }
    power *= 2;
  }
  return undefined;
}

/** The batch met both factors at once: go through it one by one. */
function singleSteps(n: bigint, c: bigint, x: bigint, from: bigint, count: number): bigint {
  let y = from;
  for (let i = 0; i < count; i++) {
    y = (y * y + c) % n;
    const divisor = gcd(x > y ? x - y : y - x, n);
    if (divisor > 1n) return divisor;
  }
  return n;
}

function gcd(a: bigint, b: bigint): bigint {
  let x = a;
  let y = b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
