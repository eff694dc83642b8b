/**
 * A deterministic 128-bit digest that any engine computes alike: Matyas-Meyer-Oseas chaining over
 * Threefry-4x32-20, Merkle-Damgard strengthened with the word count. It tells runs apart and keys
 * random streams; it is no signature against an adversary.
 */
import { threefry4x32, type Words4 } from './threefry.ts';

/** First digits of pi, as in the test vectors of Random123: an arbitrary constant to start from. */
const INITIAL: Words4 = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];

const encoder = new TextEncoder();

export class Digest {
  private chain: Words4 = INITIAL;
  private readonly block: [number, number, number, number] = [0, 0, 0, 0];
  private filled = 0;
  private wordCount = 0;

  /** Absorbs one unsigned 32-bit word. */
  word(word: number): this {
    this.block[this.filled++] = word >>> 0;
    this.wordCount++;
    if (this.filled === 4) this.compress();
    return this;
  }

  words(words: ArrayLike<number>): this {
    for (let i = 0; i < words.length; i++) this.word(words[i]!);
    return this;
  }

  /** Absorbs non-negative integers up to 2^53, each as two words. */
  integers(values: ArrayLike<number>): this {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (!Number.isSafeInteger(value) || value < 0) {
        throw new RangeError(`digest: ${value} at ${i} is not a non-negative safe integer`);
      }
      this.word(value % 0x1_0000_0000).word(Math.floor(value / 0x1_0000_0000));
    }
    return this;
  }

  /** Absorbs a text as its UTF-8 bytes, preceded by their count. */
  text(text: string): this {
    const bytes = encoder.encode(text);
    this.word(bytes.length);
    for (let i = 0; i < bytes.length; i += 4) {
      this.word(
        (bytes[i] ?? 0) |
          ((bytes[i + 1] ?? 0) << 8) |
          ((bytes[i + 2] ?? 0) << 16) |
          ((bytes[i + 3] ?? 0) << 24),
      );
    }
    return this;
  }

  /** The digest of everything absorbed so far; the object may go on absorbing. */
  value(): Words4 {
    const tail: Words4 = [
      this.filled > 0 ? this.block[0] : 0,
      this.filled > 1 ? this.block[1] : 0,
      this.filled > 2 ? this.block[2] : 0,
      0,
    ];
    const length: Words4 = [this.wordCount >>> 0, Math.floor(this.wordCount / 2 ** 32), 0, 1];
    return step(step(this.chain, tail), length);
  }

  /** 32 hexadecimal digits. */
  hex(): string {
    return this.value()
      .map((word) => word.toString(16).padStart(8, '0'))
      .join('');
  }

  private compress(): void {
    this.chain = step(this.chain, this.block);
    this.filled = 0;
  }
}

function step(chain: Words4, block: Words4): Words4 {
  const out = threefry4x32(chain, block);
  return [
    (out[0] ^ block[0]) >>> 0,
    (out[1] ^ block[1]) >>> 0,
    (out[2] ^ block[2]) >>> 0,
    (out[3] ^ block[3]) >>> 0,
  ];
}
