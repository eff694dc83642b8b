/**
 * A running digest over what happened, so that two runs of one seed can be compared by one text. A
 * name is absorbed in full when it first appears, and as its number from then on.
 */
import { Digest } from '../core/digest.ts';

/** Distinct names that get a number; those beyond are absorbed in full each time. */
const NAMES_MAX = 65_536;

export class TraceDigest {
  readonly #digest = new Digest();
  readonly #numbers = new Map<string, number>();

  /** Absorbs a whole number from 0 to 2^53 - 1. */
  addNumber(value: number): void {
    this.#digest.word(value).word(Math.floor(value / 0x1_0000_0000));
  }

  addName(name: string): void {
    const number = this.#numbers.get(name);
    if (number !== undefined) {
      this.#digest.word(number);
      return;
    }
    this.#digest.word(this.#numbers.size).text(name);
    if (this.#numbers.size < NAMES_MAX) this.#numbers.set(name, this.#numbers.size);
  }

  /** 32 hex digits. */
  hex(): string {
    return this.#digest.hex();
  }
}

/** At most this many bytes at each end of an array go into its checksum. */
const EDGE_BYTES = 512;

/** A 32-bit FNV-1a checksum of an array's length and bytes (of a long one: of both its ends). */
export function checksumOf(bytes: Uint8Array): number {
  let hash = bytes.length | 0;
  const add = (from: number, to: number): void => {
    for (let index = from; index < to; index++) {
      hash = Math.imul(hash ^ bytes[index]!, 0x01000193);
    }
  };
  add(0, Math.min(EDGE_BYTES, bytes.length));
  add(Math.max(EDGE_BYTES, bytes.length - EDGE_BYTES), bytes.length);
  return hash >>> 0;
}
