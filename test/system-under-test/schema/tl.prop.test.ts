/** The codec against all methods of the schema, and against bytes that want to do harm. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMethod, decodeTl, encodeTl } from '../../../system-under-test/schema/tl.ts';
import { TlError } from '../../../system-under-test/schema/tl-error.ts';
import { methods, randomObject, seededDraw } from './random-request.ts';

/** Undefined properties count as missing ones: writers and readers differ in that. */
function roundTrip(method: (typeof methods)[number], seed: number): void {
  const request = randomObject(method, seededDraw(seed));
  expect(decodeTl(encodeTl(request)), `${method.name}, seed ${seed}`).toEqual(request);
}

test('every method comes back as it was written', () => {
  methods.forEach((method, i) => {
    for (let round = 0; round < 3; round++) roundTrip(method, i * 3 + round);
  });
});

function onlyTlErrors(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    expect(error).toBeInstanceOf(TlError);
  }
}

describe('hostile bytes end in TlError or in an object, quickly', () => {
  test('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        onlyTlErrors(() => decodeTl(bytes));
        onlyTlErrors(() => decodeMethod(bytes));
      }),
      { numRuns: 500 },
    );
  });

  test('valid requests with bytes changed, cut or added', () => {
    const mutation = fc.record({
      method: fc.nat(methods.length - 1),
      seed: fc.nat(),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      byte: fc.nat(255),
      kind: fc.constantFrom('change', 'cut', 'grow'),
    });
    fc.assert(
      fc.property(mutation, ({ method, seed, at, byte, kind }) => {
        const bytes = encodeTl(randomObject(methods[method]!, seededDraw(seed)));
        const index = Math.floor(at * (bytes.length - 1));
        if (kind === 'change') bytes[index] = byte;
        const hostile = kind === 'cut' ? bytes.subarray(0, index) : bytes;
        const grown = kind === 'grow' ? Uint8Array.of(...bytes, byte, 0, 0, 0) : hostile;
        onlyTlErrors(() => decodeTl(grown));
      }),
      { numRuns: 1_000 },
    );
  });
});
