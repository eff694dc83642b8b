/**
 * Who exists: accounts by id and phone, and authorisations by key. Every DC can look up everyone,
 * in its own domain or in its replicas of the others'; only the home DC changes a record.
 */
import { createHmac } from 'node:crypto';
import type { Randomness, Store, StoreWrite } from '../environment/index.ts';
import type { AuthKey } from '../mtproto/server-connection.ts';
import {
  accountsPartition,
  authKeyKey,
  birthDcOf,
  phoneKey,
  positionValue,
  userIdOf,
  userKey,
  userNumberOf,
} from './keys.ts';
import { LIMITS } from './limits.ts';
import { LruMap } from './lru-map.ts';
import {
  pack,
  packAuth,
  packUser,
  type UserRecord,
  unpack,
  unpackAuth,
  unpackUser,
} from './records.ts';
import { derivedKey, seal, unseal } from './seal.ts';

export interface Authorization {
  readonly key: AuthKey;
  /** Undefined for a key that nobody has signed in with. */
  readonly userId: number | undefined;
}

export interface DirectoryOptions {
  readonly store: Store;
  readonly dc: number;
  readonly dcs: readonly number[];
  readonly secret: Uint8Array;
  readonly randomness: Randomness;
}

const INVITE_CODE_BYTES = 12;

export class Directory {
  readonly #o: DirectoryOptions;
  readonly #sealingKey: Uint8Array;
  readonly #hashKey: Uint8Array;
  readonly #users = new LruMap<number, UserRecord>(LIMITS.usersCachedMax);
  readonly #hashes = new LruMap<number, Uint8Array>(LIMITS.usersCachedMax);
  readonly #authorizations = new LruMap<string, Authorization>(LIMITS.authKeysCachedMax);
  #nextUserNumber = 1;

  constructor(options: DirectoryOptions) {
    this.#o = options;
    this.#sealingKey = derivedKey(options.secret, 'auth keys at rest');
    this.#hashKey = derivedKey(options.secret, 'access hashes');
  }

  /** Rejects when the data was written under another secret: its keys could never be opened. */
  async open(): Promise<void> {
    const [sealed] = await this.#o.store.range(accountsPartition(this.#o.dc), {
      from: 'auth/',
      to: 'auth0',
      limit: 1,
    });
    if (sealed) this.#authorizationOf(sealed.key.slice(5), sealed.value);
    const [last] = await this.#o.store.range(accountsPartition(this.#o.dc), {
      from: 'user/',
      to: 'user0', // "0" is the character after "/"
      limit: 1,
      reverse: true,
    });
    if (last) this.#nextUserNumber = userNumberOf(positionValue(last.key.slice(5))) + 1;
  }

  async user(userId: number): Promise<UserRecord | undefined> {
    const cached = this.#users.get(userId);
    if (cached) return cached;
    const bytes = await this.#o.store.get(accountsPartition(birthDcOf(userId)), userKey(userId));
    if (!bytes) return undefined;
    const user = unpackUser(bytes);
    this.#users.set(userId, user);
    return user;
  }

  /** The account of somebody who exists for sure; `isMin` while it has not been replicated here. */
  async existingUser(userId: number): Promise<UserRecord> {
    const user = await this.user(userId);
    return (
      user ?? { id: userId, phone: '', firstName: '', lastName: '', createdAt: 0, isMin: true }
    );
  }

  /** The account of a number, as far as this DC knows; `home` is the DC that masters it. */
  async userByPhone(phone: string, home: number): Promise<UserRecord | undefined> {
    const bytes = await this.#o.store.get(accountsPartition(home), phoneKey(phone));
    return bytes ? this.user(unpack<number>(bytes)) : undefined;
  }

  /** A new account of this DC, and the writes that make it. Numbers are never used twice. */
  newUser(fields: Omit<UserRecord, 'id'>): { user: UserRecord; writes: StoreWrite[] } {
    const user = { id: userIdOf(this.#o.dc, this.#nextUserNumber++), ...fields };
    return { user, writes: this.userWrites(user) };
  }

  userWrites(user: UserRecord): StoreWrite[] {
    const partition = accountsPartition(this.#o.dc);
    return [
      { kind: 'put', partition, key: userKey(user.id), value: packUser(user) },
      { kind: 'put', partition, key: phoneKey(user.phone), value: pack(user.id) },
    ];
  }

  /**
   * What a client must show to address a user: eight bytes that only a DC can compute. The same
   * for every viewer, so that it can be checked without a look-up.
   */
  accessHash(userId: number): Uint8Array {
    let hash = this.#hashes.get(userId);
    if (!hash) {
      const mac = createHmac('sha256', this.#hashKey).update(String(userId)).digest();
      hash = new Uint8Array(mac.subarray(0, 8));
      this.#hashes.set(userId, hash);
    }
    return hash;
  }

  /** What an invite to a channel must show: as an access hash, but nobody can use it as one. */
  inviteCode(channelId: number): Uint8Array {
    const mac = createHmac('sha256', this.#hashKey).update(`invite ${channelId}`).digest();
    return new Uint8Array(mac.subarray(0, INVITE_CODE_BYTES));
  }

  /** The authorisation of a key, wherever it was signed in. */
  authorization(authKeyId: string): Authorization | undefined | Promise<Authorization | undefined> {
    return this.#authorizations.get(authKeyId) ?? this.#loadAuthorization(authKeyId);
  }

  /** A key from a finished key exchange: kept in memory until somebody signs in with it. */
  addKey(key: AuthKey): void {
    this.#authorizations.set(key.id, { key, userId: undefined });
  }

  /** The write that binds a key to a user, at the user's home DC. */
  signInWrite(key: AuthKey, userId: number): StoreWrite {
    const sealedKey = seal(this.#sealingKey, key.id, key.key, this.#o.randomness);
    const { firstSalt, createdAtMs } = key;
    return {
      kind: 'put',
      partition: accountsPartition(this.#o.dc),
      key: authKeyKey(key.id),
      value: packAuth({ sealedKey, firstSalt, createdAtMs, userId }),
    };
  }

  signedIn(key: AuthKey, userId: number): void {
    this.#authorizations.set(key.id, { key, userId });
  }

  signOutWrite(authKeyId: string): StoreWrite {
    const partition = accountsPartition(this.#o.dc);
    return { kind: 'delete', partition, key: authKeyKey(authKeyId) };
  }

  signedOut(authKeyId: string): void {
    const known = this.#authorizations.get(authKeyId);
    if (known) this.#authorizations.set(authKeyId, { key: known.key, userId: undefined });
  }

  /**
   * A record of another DC's accounts has been replaced here by replication. Returns the id of a
   * key that was signed out by it.
   */
  replicated(write: StoreWrite): string | undefined {
    if (write.key.startsWith('user/')) this.#users.delete(positionValue(write.key.slice(5)));
    if (write.kind === 'delete' && write.key.startsWith('auth/')) {
      const authKeyId = write.key.slice(5);
      this.#authorizations.delete(authKeyId);
      return authKeyId;
    }
    return undefined;
  }

  async #loadAuthorization(authKeyId: string): Promise<Authorization | undefined> {
    const { store, dc, dcs } = this.#o;
    for (const domain of [dc, ...dcs.filter((other) => other !== dc)]) {
      const bytes = await store.get(accountsPartition(domain), authKeyKey(authKeyId));
      if (!bytes) continue;
      const found = this.#authorizationOf(authKeyId, bytes);
      this.#authorizations.set(authKeyId, found);
      return found;
    }
    return undefined;
  }

  #authorizationOf(authKeyId: string, stored: Uint8Array): Authorization {
    const { sealedKey, firstSalt, createdAtMs, userId } = unpackAuth(stored);
    try {
      const key = unseal(this.#sealingKey, authKeyId, sealedKey);
      return { key: { id: authKeyId, key, firstSalt, createdAtMs }, userId };
    } catch (error) {
      const problem = 'the auth keys in this store were sealed under another cluster secret';
      throw new Error(`${problem}; put back the one that belongs to it`, { cause: error });
    }
  }
}
