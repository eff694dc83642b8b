/**
 * Sign-in codes that were sent and not used yet. In memory only: after a restart a client asks
 * for a new one. https://core.telegram.org/api/auth
 */
import { timingSafeEqual } from 'node:crypto';
import { LIMITS } from '../datacenter/limits.ts';
import type { Clock, Randomness } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import { testPhoneHome } from '../topology.ts';

interface Pending {
  readonly phone: string;
  readonly code: string;
  readonly expiresAtMs: number;
  attemptsLeft: number;
  /** The right code was given, by somebody who has no account yet. */
  proven: boolean;
}

export interface SignInCodesOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly testPhones: boolean;
  /** Brings a code to the owner of the phone: an SMS gateway, or a file of a test cluster. */
  readonly deliver: (phone: string, code: string) => void;
}

export const CODE_LENGTH = 5;

export class SignInCodes {
  readonly #o: SignInCodesOptions;
  /** By phone_code_hash, oldest first. */
  readonly #pending = new Map<string, Pending>();
  readonly #sentAtMs = new Map<string, number[]>();

  constructor(options: SignInCodesOptions) {
    this.#o = options;
  }

  /** Returns the phone_code_hash. Throws FLOOD_WAIT_X when a number asks too often. */
  send(phone: string): string {
    const now = this.#o.clock.monotonicMs();
    const test = this.#o.testPhones ? testPhoneHome(phone) : undefined;
    if (test === undefined) this.#countSending(phone, now);
    const code = test === undefined ? this.#randomCode() : String(test).repeat(CODE_LENGTH);
    const hash = Buffer.from(this.#o.randomness.bytes(9)).toString('hex');
    this.#pending.set(hash, {
      phone,
      code,
      expiresAtMs: now + LIMITS.codeMs,
      attemptsLeft: LIMITS.codeAttemptsMax,
      proven: false,
    });
    this.#forgetOld(now);
    if (test === undefined) this.#o.deliver(phone, code);
    return hash;
  }

  /** Throws the error of the protocol unless the code is the one that was sent. */
  check(phone: string, hash: string, code: string): void {
    const pending = this.#of(phone, hash);
    if (pending.attemptsLeft-- <= 0) {
      this.#pending.delete(hash);
      throw new RpcError(400, 'PHONE_CODE_EXPIRED');
    }
    if (code === '') throw new RpcError(400, 'PHONE_CODE_EMPTY');
    const given = Buffer.from(code);
    const wanted = Buffer.from(pending.code);
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      throw new RpcError(400, 'PHONE_CODE_INVALID');
    }
    pending.proven = true;
  }

  /** For signing up: the code must have been proven before. */
  requireProven(phone: string, hash: string): void {
    if (!this.#of(phone, hash).proven) throw new RpcError(400, 'PHONE_CODE_INVALID');
  }

  used(hash: string): void {
    this.#pending.delete(hash);
  }

  #of(phone: string, hash: string): Pending {
    const pending = this.#pending.get(hash);
    if (!pending || pending.phone !== phone) throw new RpcError(400, 'PHONE_CODE_EXPIRED');
    if (pending.expiresAtMs < this.#o.clock.monotonicMs()) {
      this.#pending.delete(hash);
      throw new RpcError(400, 'PHONE_CODE_EXPIRED');
    }
    return pending;
  }

  #randomCode(): string {
    const bytes = this.#o.randomness.bytes(4);
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % 10 ** CODE_LENGTH;
    return String(number).padStart(CODE_LENGTH, '0');
  }

  #countSending(phone: string, now: number): void {
    const since = now - LIMITS.codesPhoneWindowMs;
    const recent = (this.#sentAtMs.get(phone) ?? []).filter((at) => at > since);
    if (recent.length >= LIMITS.codesPerPhoneMax) {
      const waitMs = (recent[0] ?? now) + LIMITS.codesPhoneWindowMs - now;
      throw new RpcError(420, `FLOOD_WAIT_${Math.max(1, Math.ceil(waitMs / 1000))}`);
    }
    recent.push(now);
    this.#sentAtMs.set(phone, recent);
  }

  #forgetOld(now: number): void {
    for (const [hash, pending] of this.#pending) {
      if (pending.expiresAtMs >= now && this.#pending.size <= LIMITS.codesPendingMax) break;
      this.#pending.delete(hash);
    }
    for (const [phone, times] of this.#sentAtMs) {
      if (this.#sentAtMs.size <= LIMITS.codesPendingMax) break;
      if ((times.at(-1) ?? 0) < now - LIMITS.codesPhoneWindowMs) this.#sentAtMs.delete(phone);
    }
  }
}
