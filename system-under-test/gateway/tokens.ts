/**
 * Bearer tokens. A token is 32 random bytes that only its owner has; the datacentres keep its
 * SHA-256 in the place of an auth key, sealed like one, at the home of its user. So a token is
 * known at every DC that has the copy, and signing it out ends it everywhere.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Authorization } from '../datacenter/directory.ts';
import type { Randomness } from '../environment/index.ts';
import type { AuthKey } from '../mtproto/server-connection.ts';

const TOKEN_BYTES = 32;
const ID_BYTES = 8;
const PREFIX = 'qx_';
const TOKEN = /^qx_[A-Za-z0-9_-]{43}$/;

/** The form in which OpenAPI and people see it. */
export const TOKEN_PATTERN: string = TOKEN.source;

/** What the datacentres keep of a token; its id is the first 8 bytes of the hash. */
function keyOf(token: string, createdAtMs: number): AuthKey {
  const key = new Uint8Array(createHash('sha256').update(token).digest());
  const id = Buffer.from(key.subarray(0, ID_BYTES)).toString('hex');
  return { id, key, firstSalt: new Uint8Array(ID_BYTES), createdAtMs };
}

/** A new token, and the key to store. */
export function newToken(
  randomness: Randomness,
  createdAtMs: number,
): { readonly token: string; readonly key: AuthKey } {
  const token = PREFIX + Buffer.from(randomness.bytes(TOKEN_BYTES)).toString('base64url');
  return { token, key: keyOf(token, createdAtMs) };
}

/** The id under which a token is looked up, and its proof; undefined for what is no token. */
export function readToken(token: string): AuthKey | undefined {
  return TOKEN.test(token) ? keyOf(token, 0) : undefined;
}

/** The token of `Authorization: Bearer <token>`. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer ([^\s]+)$/i.exec(header ?? '')?.[1];
}

/** Whose token it is, if the stored key is that of this token and it has not expired. */
export function ownerOf(
  given: AuthKey,
  known: Authorization | undefined,
  nowMs: number,
  tokenMs: number,
): number | undefined {
  if (known?.userId === undefined || known.key.key.length !== given.key.length) return undefined;
  if (!timingSafeEqual(known.key.key, given.key)) return undefined;
  return nowMs - known.key.createdAtMs <= tokenMs ? known.userId : undefined;
}
