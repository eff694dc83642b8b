/**
 * The client's half of a key exchange [core.telegram.org/mtproto/auth_key], with the checks of
 * [mtproto/security_guidelines]. Bodies of unencrypted messages go out and come in through `ask`.
 */
import type { Clock } from '../environment/clock.ts';
import type { Randomness } from '../environment/randomness.ts';
import {
  decodeHandshakeAnswer,
  encodePqInnerData,
  encodeReqPq,
  readServerDhInner,
} from '../schema/handshake-messages.ts';
import { bigIntOfLong, longOfBigInt } from '../schema/long.ts';
import { encodeTl, type mtp } from '../schema/tl.ts';
import {
  type AuthKey,
  auxHash,
  makeAuthKey,
  newNonceHash,
  temporaryCipherKey,
} from './auth-key.ts';
import { concat, equalInConstantTime } from './bytes.ts';
import type { MtprotoCrypto, RsaPublicKey } from './crypto.ts';
import { DH_GENERATOR, DH_PRIME, isSafePublic, secretExponent } from './diffie-hellman.ts';
import { factorise, type PrimePair } from './prime-pairs.ts';
import { legacyEncrypt, type RsaScheme, rsaPadEncrypt } from './rsa-schemes.ts';

/** The exchange went wrong, or somebody meddles with it. The connection must not be used on. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
}

export interface HandshakeClientOptions {
  readonly crypto: MtprotoCrypto;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly rsaPublicKeys: readonly RsaPublicKey[];
  /** Named in the inner data; undefined for the kinds without it. */
  readonly dc: number | undefined;
  /** Seconds; asks for a temporary key. */
  readonly expiresIn?: number;
  readonly scheme?: RsaScheme;
  /** req_pq of old clients in place of req_pq_multi. */
  readonly oldRequest?: boolean;
  /** Sends a body and resolves with the body of the answer. */
  ask(body: Uint8Array): Promise<Uint8Array>;
}

export interface HandshakeResult {
  readonly authKey: AuthKey;
  /** Server's clock minus ours, in whole seconds. */
  readonly serverTimeOffsetSeconds: number;
}

/** dh_gen_retry may come this often before the client gives up. */
const RETRIES_MAX = 5;

interface Nonces {
  readonly nonce: Uint8Array;
  readonly serverNonce: Uint8Array;
  readonly newNonce: Uint8Array;
}

export async function exchangeKeys(options: HandshakeClientOptions): Promise<HandshakeResult> {
  const { crypto, clock, randomness } = options;
  const nonce = randomness.bytes(16);
  const { resPq, rsaKey, primes } = await requestPq(options, nonce);
  const nonces = { nonce, serverNonce: resPq.serverNonce, newNonce: randomness.bytes(32) };
  const server = await requestDhParams(options, nonces, rsaKey, primes);
  const serverTimeOffsetSeconds = server.serverTime - Math.floor(clock.wallMs() / 1000);
  let retryId = 0n;
  for (let attempt = 0; attempt <= RETRIES_MAX; attempt++) {
    const secret = secretExponent(randomness.bytes(256));
    const gB = crypto.dh.publicOf(secret);
    if (!isSafePublic(gB)) continue;
    const key = crypto.dh.shared(secret, server.gA);
    const answer = await sendClientDh(options, nonces, gB, retryId);
    if (answer._ === 'mt_dh_gen_ok') {
      check(answer.newNonceHash1, newNonceHash(crypto, nonces.newNonce, 1, key), 'new_nonce_hash1');
      const nowMs = clock.wallMs();
      const { expiresIn } = options;
      const expiresAtMs = expiresIn === undefined ? undefined : nowMs + expiresIn * 1000;
      const authKey = makeAuthKey(crypto, key, nonces, nowMs, expiresAtMs);
      return { authKey, serverTimeOffsetSeconds };
    }
    check(answer.newNonceHash2, newNonceHash(crypto, nonces.newNonce, 2, key), 'new_nonce_hash2');
    retryId = auxHash(crypto, key);
  }
  throw new HandshakeError('the server asked for too many retries');
}

async function requestPq(
  { ask, rsaPublicKeys, oldRequest }: HandshakeClientOptions,
  nonce: Uint8Array,
): Promise<{ resPq: mtp.RawMt_resPQ; rsaKey: RsaPublicKey; primes: PrimePair }> {
  const request = oldRequest ? encodeReqPq(nonce) : encodeTl({ _: 'mt_req_pq_multi', nonce });
  const resPq = decodeHandshakeAnswer(await ask(request));
  if (resPq._ !== 'mt_resPQ') throw new HandshakeError(`${resPq._} in place of resPQ`);
  check(resPq.nonce, nonce, 'nonce');
  const offered = resPq.serverPublicKeyFingerprints.map(bigIntOfLong);
  const rsaKey = rsaPublicKeys.find((key) => offered.includes(key.fingerprint));
  if (rsaKey === undefined) throw new HandshakeError('the server has none of the RSA keys known');
  const primes = factorise(resPq.pq);
  if (primes === undefined) throw new HandshakeError('pq has no two factors');
  return { resPq, rsaKey, primes };
}

async function requestDhParams(
  options: HandshakeClientOptions,
  { nonce, serverNonce, newNonce }: Nonces,
  rsaKey: RsaPublicKey,
  primes: PrimePair,
): Promise<mtp.RawMt_server_DH_inner_data> {
  const { crypto, randomness, ask, dc, expiresIn } = options;
  const inner = encodePqInnerData({
    ...primes,
    ...{ nonce, serverNonce, newNonce },
    ...(dc === undefined ? {} : { dc }),
    ...(expiresIn === undefined ? {} : { expiresIn }),
  });
  const encrypt = options.scheme === 'legacy' ? legacyEncrypt : rsaPadEncrypt;
  const request = encodeTl({
    _: 'mt_req_DH_params',
    ...{ nonce, serverNonce, p: primes.p, q: primes.q },
    publicKeyFingerprint: longOfBigInt(rsaKey.fingerprint),
    encryptedData: encrypt(crypto, randomness, rsaKey, inner),
  });
  const params = decodeHandshakeAnswer(await ask(request));
  if (params._ !== 'mt_server_DH_params_ok') {
    throw new HandshakeError(`${params._} in place of server_DH_params_ok`);
  }
  check(params.nonce, nonce, 'nonce');
  check(params.serverNonce, serverNonce, 'server_nonce');
  return openServerDh(options, { nonce, serverNonce, newNonce }, params.encryptedAnswer);
}

function openServerDh(
  { crypto }: HandshakeClientOptions,
  { nonce, serverNonce, newNonce }: Nonces,
  encrypted: Uint8Array,
): mtp.RawMt_server_DH_inner_data {
  if (encrypted.length % 16 !== 0) throw new HandshakeError('encrypted_answer is no whole blocks');
  const { key, iv } = temporaryCipherKey(crypto, { newNonce, serverNonce });
  const plain = crypto.igeDecrypt(encrypted, key, iv);
  const inner = readServerDhInner(plain.subarray(20));
  if (inner === undefined) throw new HandshakeError('encrypted_answer holds no DH data');
  check(plain.subarray(0, 20), crypto.sha1(plain.subarray(20, 20 + inner.length)), 'hash');
  const { value } = inner;
  check(value.nonce, nonce, 'nonce');
  check(value.serverNonce, serverNonce, 'server_nonce');
  // Only the documented group is used here, so nothing about the prime is left to be proved.
  check(value.dhPrime, DH_PRIME, 'dh_prime');
  if (value.g !== DH_GENERATOR) throw new HandshakeError(`g is ${value.g}`);
  if (!isSafePublic(value.gA)) throw new HandshakeError('g_a is out of its range');
  return value;
}

async function sendClientDh(
  { crypto, randomness, ask }: HandshakeClientOptions,
  { nonce, serverNonce, newNonce }: Nonces,
  gB: Uint8Array,
  retryId: bigint,
): Promise<mtp.RawMt_dh_gen_ok | mtp.RawMt_dh_gen_retry> {
  const inner = encodeTl({
    _: 'mt_client_DH_inner_data',
    ...{ nonce, serverNonce, gB },
    retryId: longOfBigInt(retryId),
  });
  const hashed = concat(crypto.sha1(inner), inner);
  const plain = concat(hashed, randomness.bytes(-hashed.length & 15));
  const { key, iv } = temporaryCipherKey(crypto, { newNonce, serverNonce });
  const encryptedData = crypto.igeEncrypt(plain, key, iv);
  const request = { _: 'mt_set_client_DH_params', nonce, serverNonce, encryptedData } as const;
  const answer = decodeHandshakeAnswer(await ask(encodeTl(request)));
  if (answer._ !== 'mt_dh_gen_ok' && answer._ !== 'mt_dh_gen_retry') {
    throw new HandshakeError(`${answer._} in place of dh_gen_ok`);
  }
  check(answer.nonce, nonce, 'nonce');
  check(answer.serverNonce, serverNonce, 'server_nonce');
  return answer;
}

function check(received: Uint8Array, expected: Uint8Array, what: string): void {
  if (!equalInConstantTime(received, expected)) {
    throw new HandshakeError(`${what} is not what it should be`);
  }
}
