/**
 * A running hash over what happened, so that two runs of one seed can be compared by one number.
 * Two independent 32-bit lanes of multiply-and-xor over words: made to notice accidents, not
 * attackers. Names are hashed once and remembered.
 */

/** Distinct names kept; beyond that the memory is emptied, which changes speed and nothing else. */
const NAMES_MAX = 8192;

export class TraceDigest {
  #low = 0x243f6a88; // the first digits of pi: any fixed start will do
  #high = 0x85a308d3;
  readonly #names = new Map<string, number>();

  addNumber(value: number): void {
    this.#addWord(value | 0);
    this.#addWord(Math.floor(value / 4_294_967_296) | 0);
  }

  addName(name: string): void {
    let hash = this.#names.get(name);
    if (hash === undefined) {
      hash = hashText(name);
      if (this.#names.size >= NAMES_MAX) this.#names.clear();
      this.#names.set(name, hash);
    }
    this.#addWord(hash);
  }

  /** 16 hex digits. */
  hex(): string {
    const text = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return text(this.#high) + text(this.#low);
  }

  #addWord(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    this.#low ^= this.#low >>> 15;
    this.#high = Math.imul(this.#high ^ word, 0x85ebca6b);
    this.#high ^= this.#high >>> 13;
  }
}

function hashText(text: string): number {
  let hash = 0x811c9dc5; // FNV-1a, 32 bits
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash | 0;
}

/** At most this many bytes at each end of an array go into its checksum. */
const EDGE_BYTES = 512;

/** A 32-bit checksum of an array's length and of its bytes (of a long one: of both its ends). */
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
