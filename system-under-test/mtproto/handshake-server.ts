/**
 * The server's half of a key exchange [core.telegram.org/mtproto/auth_key]: bodies of unencrypted
 * messages in, bodies out. It is done when it hands out an auth key, which the connection makes
 * durable before the client is told.
 */
import assert from 'node:assert/strict';
import type { Clock } from '../environment/clock.ts';
import type { Randomness } from '../environment/randomness.ts';
import {
  decodeHandshakeRequest,
  type HandshakeRequest,
  type PqInnerData,
  readClientDhInner,
  readPqInnerData,
} from '../schema/handshake-messages.ts';
import { bigIntOfLong, longOfBigInt } from '../schema/long.ts';
import { encodeTl, type mtp } from '../schema/tl.ts';
import { TlError } from '../schema/tl-error.ts';
import {
  type AuthKey,
  auxHash,
  makeAuthKey,
  newNonceHash,
  temporaryCipherKey,
} from './auth-key.ts';
import { concat, equalInConstantTime } from './bytes.ts';
import type { MtprotoCrypto, RsaKey } from './crypto.ts';
import { DH_GENERATOR, DH_PRIME, isSafePublic, secretExponent } from './diffie-hellman.ts';
import { PROTOCOL } from './limits.ts';
import { drawPrimePair, type PrimePair } from './prime-pairs.ts';
import { rsaDecrypt } from './rsa-schemes.ts';
import { TRANSPORT_ERROR } from './transport.ts';

export interface HandshakeHost {
  readonly crypto: MtprotoCrypto;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly rsaKeys: readonly RsaKey[];
  readonly dc: number;
  /** Whether a key of this id exists already; the exchange is then repeated with another. */
  isTaken(authKeyId: string): boolean | Promise<boolean>;
}

export type HandshakeStep =
  /** Send `body`; when there is a key, only after it has been stored. */
  | { readonly kind: 'answer'; readonly body: Uint8Array; readonly authKey?: AuthKey }
  /** Send the transport error and close. */
  | { readonly kind: 'refuse'; readonly code: number };

/** A temporary key lives at most this long; clients ask for a day. */
const TEMPORARY_KEY_SECONDS_MAX = 7 * 86_400;
/** Test servers add this to the number of the datacentre. */
const TEST_DC_OFFSET = 10_000;
const REFUSED: HandshakeStep = { kind: 'refuse', code: TRANSPORT_ERROR.unknownKey };

/** What is known after each of the three messages. */
interface Progress {
  readonly nonce: Uint8Array;
  readonly serverNonce: Uint8Array;
  readonly primes: PrimePair;
  readonly startedAtMs: number;
  /** Between req_DH_params and the key. */
  exchange:
    | {
        readonly newNonce: Uint8Array;
        readonly secret: Uint8Array;
        readonly expiresIn?: number;
        /** auth_key_aux_hash of the key that a retry replaces, 0 the first time. */
        retryId: bigint;
      }
    | undefined;
  /** The same request again gets the same answer. */
  lastRequest: Uint8Array;
  lastAnswer: Uint8Array;
}

export class HandshakeServer {
  readonly #host: HandshakeHost;
  #progress: Progress | undefined;
  #exchangesStarted = 0;
  readonly #exchangesMax: number;

  constructor(host: HandshakeHost, exchangesMax: number) {
    this.#host = host;
    this.#exchangesMax = exchangesMax;
  }

  async step(body: Uint8Array): Promise<HandshakeStep> {
    const progress = this.#progress;
    if (progress && equalInConstantTime(progress.lastRequest, body)) {
      return this.#expired(progress) ? REFUSED : answer(progress.lastAnswer);
    }
    const request = decodeOrUndefined(body);
    if (request === undefined) return REFUSED;
    if (request._ === 'req_pq') return this.#start(request.nonce, body);
    if (progress === undefined || this.#expired(progress)) return REFUSED;
    const sameExchange =
      equalInConstantTime(request.nonce, progress.nonce) &&
      equalInConstantTime(request.serverNonce, progress.serverNonce);
    if (!sameExchange) return REFUSED;
    const step =
      request._ === 'mt_req_DH_params'
        ? this.#offerDh(progress, request)
        : await this.#finish(progress, request);
    if (step.kind === 'answer') {
      progress.lastRequest = body;
      progress.lastAnswer = step.body;
    }
    return step;
  }

  #expired(progress: Progress): boolean {
    const ageMs = this.#host.clock.monotonicMs() - progress.startedAtMs;
    return ageMs > PROTOCOL.handshakeSeconds * 1000;
  }

  #start(nonce: Uint8Array, lastRequest: Uint8Array): HandshakeStep {
    if (++this.#exchangesStarted > this.#exchangesMax) {
      return { kind: 'refuse', code: TRANSPORT_ERROR.flood };
    }
    const { clock, randomness, rsaKeys } = this.#host;
    const serverNonce = randomness.bytes(16);
    const primes = drawPrimePair(randomness.bytes(2));
    const lastAnswer = encodeTl({
      _: 'mt_resPQ',
      nonce,
      serverNonce,
      pq: primes.pq,
      serverPublicKeyFingerprints: rsaKeys.map((key) => longOfBigInt(key.fingerprint)),
    });
    const startedAtMs = clock.monotonicMs();
    this.#progress = {
      ...{ nonce, serverNonce, primes, startedAtMs, lastRequest, lastAnswer },
      exchange: undefined,
    };
    return answer(lastAnswer);
  }

  #offerDh(progress: Progress, request: mtp.RawMt_req_DH_params): HandshakeStep {
    const { crypto, clock, randomness } = this.#host;
    const inner = this.#openInner(progress, request);
    if (inner === undefined) return REFUSED;
    if (inner.dc !== undefined && Math.abs(inner.dc) % TEST_DC_OFFSET !== this.#host.dc) {
      return { kind: 'refuse', code: TRANSPORT_ERROR.wrongDatacentre };
    }
    const { expiresIn, newNonce } = inner;
    if (expiresIn !== undefined && (expiresIn < 1 || expiresIn > TEMPORARY_KEY_SECONDS_MAX)) {
      return REFUSED;
    }
    const { nonce, serverNonce } = progress;
    const { secret, publicNumber } = this.#drawSecret();
    const retryId = 0n;
    progress.exchange = { newNonce, secret, retryId, ...(expiresIn ? { expiresIn } : {}) };
    const innerAnswer = encodeTl({
      _: 'mt_server_DH_inner_data',
      nonce,
      serverNonce,
      g: DH_GENERATOR,
      dhPrime: DH_PRIME,
      gA: publicNumber,
      serverTime: Math.floor(clock.wallMs() / 1000),
    });
    const hashed = concat(crypto.sha1(innerAnswer), innerAnswer);
    const plain = concat(hashed, randomness.bytes(-hashed.length & 15));
    const { key, iv } = temporaryCipherKey(crypto, { newNonce, serverNonce });
    const encryptedAnswer = crypto.igeEncrypt(plain, key, iv);
    return answer(encodeTl({ _: 'mt_server_DH_params_ok', nonce, serverNonce, encryptedAnswer }));
  }

  #openInner(progress: Progress, request: mtp.RawMt_req_DH_params): PqInnerData | undefined {
    const wanted = readFingerprint(request);
    const rsaKey = this.#host.rsaKeys.find((key) => key.fingerprint === wanted);
    if (rsaKey === undefined) return undefined;
    const { primes, nonce, serverNonce } = progress;
    if (!sameNumber(request.p, primes.p) || !sameNumber(request.q, primes.q)) return undefined;
    const data = rsaDecrypt(
      this.#host.crypto,
      rsaKey,
      request.encryptedData,
      (bytes) => readPqInnerData(bytes)?.length,
    );
    const inner = data && readPqInnerData(data)?.value;
    if (inner === undefined) return undefined;
    const consistent =
      sameNumber(inner.pq, primes.pq) &&
      sameNumber(inner.p, primes.p) &&
      sameNumber(inner.q, primes.q) &&
      equalInConstantTime(inner.nonce, nonce) &&
      equalInConstantTime(inner.serverNonce, serverNonce);
    return consistent ? inner : undefined;
  }

  /** Fails to be safe once in 2^63 draws. */
  #drawSecret(): { secret: Uint8Array; publicNumber: Uint8Array } {
    const { crypto, randomness } = this.#host;
    for (;;) {
      const secret = secretExponent(randomness.bytes(256));
      const publicNumber = crypto.dh.publicOf(secret);
      if (isSafePublic(publicNumber)) return { secret, publicNumber };
    }
  }

  async #finish(
    progress: Progress,
    request: mtp.RawMt_set_client_DH_params,
  ): Promise<HandshakeStep> {
    const { crypto, clock } = this.#host;
    const { exchange, nonce, serverNonce } = progress;
    if (exchange === undefined) return REFUSED;
    const { newNonce, expiresIn } = exchange;
    const gB = this.#openClientDh(progress, newNonce, exchange.retryId, request.encryptedData);
    if (gB === undefined) return REFUSED;
    const key = crypto.dh.shared(exchange.secret, gB);
    assert.equal(key.length, 256);
    const nowMs = clock.wallMs();
    const expiresAtMs = expiresIn === undefined ? undefined : nowMs + expiresIn * 1000;
    const authKey = makeAuthKey(crypto, key, { newNonce, serverNonce }, nowMs, expiresAtMs);
    if (await this.#host.isTaken(authKey.id)) {
      exchange.retryId = auxHash(crypto, key);
      const newNonceHash2 = newNonceHash(crypto, newNonce, 2, key);
      return answer(encodeTl({ _: 'mt_dh_gen_retry', nonce, serverNonce, newNonceHash2 }));
    }
    progress.exchange = undefined;
    const newNonceHash1 = newNonceHash(crypto, newNonce, 1, key);
    const body = encodeTl({ _: 'mt_dh_gen_ok', nonce, serverNonce, newNonceHash1 });
    return { kind: 'answer', body, authKey };
  }

  /** The client's public number, when everything about it is as it should be. */
  #openClientDh(
    { nonce, serverNonce }: Progress,
    newNonce: Uint8Array,
    retryId: bigint,
    encrypted: Uint8Array,
  ): Uint8Array | undefined {
    if (encrypted.length === 0 || encrypted.length % 16 !== 0) return undefined;
    const { crypto } = this.#host;
    const { key, iv } = temporaryCipherKey(crypto, { newNonce, serverNonce });
    const plain = crypto.igeDecrypt(encrypted, key, iv);
    const data = plain.subarray(20);
    const inner = readClientDhInner(data);
    if (inner === undefined) return undefined;
    const hash = crypto.sha1(data.subarray(0, inner.length));
    const { value } = inner;
    const genuine =
      equalInConstantTime(hash, plain.subarray(0, 20)) &&
      equalInConstantTime(value.nonce, nonce) &&
      equalInConstantTime(value.serverNonce, serverNonce) &&
      bigIntOfLong(value.retryId) === retryId;
    return genuine && isSafePublic(value.gB) ? value.gB : undefined;
  }
}

function answer(body: Uint8Array): HandshakeStep {
  return { kind: 'answer', body };
}

function decodeOrUndefined(body: Uint8Array): HandshakeRequest | undefined {
  try {
    return decodeHandshakeRequest(body);
  } catch (error) {
    if (error instanceof TlError) return undefined;
    throw error;
  }
}

function readFingerprint(request: mtp.RawMt_req_DH_params): bigint {
  return bigIntOfLong(request.publicKeyFingerprint);
}

/** Equal as big-endian numbers: clients may or may not keep zeros in front. */
function sameNumber(a: Uint8Array, b: Uint8Array): boolean {
  const start = a.findIndex((byte) => byte !== 0);
  return equalInConstantTime(a.subarray(Math.max(start, 0)), b);
}
