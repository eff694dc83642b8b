/**
 * SHA-1, SHA-256 and AES-256-IGE from @mtcute/wasm's module, called without its wrappers: data goes
 * into the module's memory once and comes out once (measured: half the time at 150 bytes). Every
 * message has its own key, which is why node:crypto's cipher objects (46 µs each) are not used.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { __getWasm, getWasmUrl, initSync, type MtcuteWasmModule } from '@mtcute/wasm';

/** From this size on node:crypto's SHA-256 is faster than the module's. */
const NATIVE_HASH_BYTES_MIN = 1_024;
const SCRATCH_BYTES = 65_536;

export interface WasmPrimitives {
  sha1(...parts: readonly Uint8Array[]): Uint8Array;
  sha256(a: Uint8Array, b?: Uint8Array): Uint8Array;
  /** `data` is a multiple of 16 bytes; key and iv have 32. */
  igeEncrypt(data: Uint8Array, key: Uint8Array, iv: Uint8Array): Uint8Array;
  igeDecrypt(data: Uint8Array, key: Uint8Array, iv: Uint8Array): Uint8Array;
}

export async function loadWasmPrimitives(): Promise<WasmPrimitives> {
  initSync(await readFile(getWasmUrl()));
  return new Primitives(__getWasm());
}

class Primitives implements WasmPrimitives {
  readonly #wasm: MtcuteWasmModule;
  readonly #keyAt: number;
  readonly #ivAt: number;
  readonly #hashAt: number;
  #memory: Uint8Array;
  #inputAt: number;
  #capacity = SCRATCH_BYTES;

  constructor(wasm: MtcuteWasmModule) {
    this.#wasm = wasm;
    this.#keyAt = wasm.__get_shared_key_buffer();
    this.#ivAt = wasm.__get_shared_iv_buffer();
    this.#hashAt = wasm.__get_shared_out();
    this.#inputAt = wasm.__malloc(2 * this.#capacity);
    this.#memory = new Uint8Array(wasm.memory.buffer);
  }

  sha1(...parts: readonly Uint8Array[]): Uint8Array {
    let length = 0;
    for (const part of parts) length += part.length;
    const memory = this.#reserve(length);
    let at = this.#inputAt;
    for (const part of parts) {
      memory.set(part, at);
      at += part.length;
    }
    this.#wasm.sha1(this.#inputAt, length);
    return this.#memory.slice(this.#hashAt, this.#hashAt + 20);
  }

  sha256(a: Uint8Array, b?: Uint8Array): Uint8Array {
    const length = a.length + (b === undefined ? 0 : b.length);
    if (length >= NATIVE_HASH_BYTES_MIN) {
      const hash = createHash('sha256').update(a);
      return (b === undefined ? hash : hash.update(b)).digest();
    }
    const memory = this.#reserve(length);
    memory.set(a, this.#inputAt);
    if (b !== undefined) memory.set(b, this.#inputAt + a.length);
    this.#wasm.sha256(this.#inputAt, length);
    return this.#memory.slice(this.#hashAt, this.#hashAt + 32);
  }

  igeEncrypt(data: Uint8Array, key: Uint8Array, iv: Uint8Array): Uint8Array {
    const outputAt = this.#loadCipher(data, key, iv);
    this.#wasm.ige256_encrypt(this.#inputAt, data.length, outputAt);
    return this.#memory.slice(outputAt, outputAt + data.length);
  }

  igeDecrypt(data: Uint8Array, key: Uint8Array, iv: Uint8Array): Uint8Array {
    const outputAt = this.#loadCipher(data, key, iv);
    this.#wasm.ige256_decrypt(this.#inputAt, data.length, outputAt);
    return this.#memory.slice(outputAt, outputAt + data.length);
  }

  /** Puts everything in place; returns where the output goes. */
  #loadCipher(data: Uint8Array, key: Uint8Array, iv: Uint8Array): number {
    if (data.length % 16 !== 0) throw new RangeError(`${data.length} bytes are no whole blocks`);
    const memory = this.#reserve(data.length);
    memory.set(data, this.#inputAt);
    memory.set(key, this.#keyAt);
    memory.set(iv, this.#ivAt);
    return this.#inputAt + data.length;
  }

  /** Room for `length` bytes of input and as many of output. */
  #reserve(length: number): Uint8Array {
    if (length > this.#capacity) {
      this.#wasm.__free(this.#inputAt);
      this.#capacity = 2 ** Math.ceil(Math.log2(length));
      this.#inputAt = this.#wasm.__malloc(2 * this.#capacity);
    }
    // Growing the module's memory detaches every earlier view of it.
    if (this.#memory.buffer !== this.#wasm.memory.buffer) {
      this.#memory = new Uint8Array(this.#wasm.memory.buffer);
    }
    return this.#memory;
  }
}
