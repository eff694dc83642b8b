/**
 * Server salts [core.telegram.org/mtproto/description#server-salt], without any state: a salt is
 * derived from a secret of the datacentre, the key and the half hour. A key's first salt comes from
 * its handshake and is good for an hour.
 */
import { createHmac } from 'node:crypto';
import type { FutureSalt } from '../schema/service-messages.ts';
import { readInt64 } from './bytes.ts';
import { PROTOCOL } from './limits.ts';

/** The salts of one auth key. */
export class ServerSalts {
  readonly #secret: Uint8Array;
  readonly #authKeyId: string;
  readonly #firstSalt: bigint;
  readonly #createdAtMs: number;
  #epoch = -1;
  #current = 0n;
  #previous = 0n;

  constructor(
    secret: Uint8Array,
    key: { readonly id: string; readonly firstSalt: Uint8Array; readonly createdAtMs: number },
  ) {
    this.#secret = secret;
    this.#authKeyId = key.id;
    this.#firstSalt = readInt64(key.firstSalt);
    this.#createdAtMs = key.createdAtMs;
  }

  current(wallMs: number): bigint {
    this.#turn(wallMs);
    return this.#current;
  }

  /** Whether a client may use this salt now. */
  accepts(salt: bigint, wallMs: number): boolean {
    this.#turn(wallMs);
    if (salt === this.#current || salt === this.#previous) return true;
    const ageMs = Math.abs(wallMs - this.#createdAtMs);
    return salt === this.#firstSalt && ageMs < PROTOCOL.firstSaltSeconds * 1000;
  }

  /** The current salt and those after it, `count` (1 to 64) in all. */
  future(wallMs: number, count: number): FutureSalt[] {
    const first = epochOf(wallMs);
    const wanted = Math.min(Math.max(count, 1), PROTOCOL.futureSaltsMax);
    return Array.from({ length: wanted }, (_, i) => {
      const validSince = (first + i) * PROTOCOL.saltSeconds;
      const validUntil = validSince + PROTOCOL.saltSeconds + PROTOCOL.saltOverlapSeconds;
      return { validSince, validUntil, salt: this.#derive(first + i) };
    });
  }

  #turn(wallMs: number): void {
    const epoch = epochOf(wallMs);
    if (epoch === this.#epoch) return;
    this.#previous = this.#derive(epoch - 1);
    this.#current = this.#derive(epoch);
    this.#epoch = epoch;
  }

  #derive(epoch: number): bigint {
    const mac = createHmac('sha256', this.#secret).update(`${this.#authKeyId}:${epoch}`).digest();
    return readInt64(mac);
  }
}

function epochOf(wallMs: number): number {
  return Math.floor(wallMs / 1000 / PROTOCOL.saltSeconds);
}
