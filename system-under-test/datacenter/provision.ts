/**
 * Accounts made beforehand, straight in the store of a DC that is not running: for worlds that
 * start with many users who have signed in long ago. The records and their replication are those
 * of an ordinary sign-up.
 */
import type { Clock, Randomness, Store } from '../environment/index.ts';
import type { AuthKey } from '../mtproto/auth-key.ts';
import { checked } from './checked-store.ts';
import { CommitLog } from './commit-log.ts';
import { Directory } from './directory.ts';
import { identityWrite } from './identity.ts';
import { STREAM_PARTITION } from './keys.ts';
import { NumberedLog } from './numbered-log.ts';

export interface ProvisionedAccount {
  readonly phone: string;
  readonly firstName: string;
  readonly key: AuthKey;
  /** Keys of the user's further devices. */
  readonly moreKeys?: readonly AuthKey[];
}

export interface ProvisionOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly dc: number;
  readonly secret: Uint8Array;
  readonly randomness: Randomness;
  /** Unix seconds. */
  readonly createdAt: number;
}

/** Makes the accounts and signs each in with its key. Returns their user ids, in order. */
export async function provisionAccounts(
  options: ProvisionOptions,
  accounts: readonly ProvisionedAccount[],
): Promise<number[]> {
  const { clock, dc, secret, randomness, createdAt } = options;
  const store = checked(options.store);
  const stream = await NumberedLog.open(store, STREAM_PARTITION);
  const commits = new CommitLog({
    store,
    clock,
    nextStreamNumber: stream.last + 1,
    onRecord: () => {},
    onFatal: () => {},
  });
  const directory = new Directory({ store, dc, dcs: [dc], secret, randomness });
  await directory.open();
  const userIds: number[] = [];
  const done: Promise<void>[] = [];
  for (const { phone, firstName, key, moreKeys = [] } of accounts) {
    const { user, writes } = directory.newUser({ phone, firstName, lastName: '', createdAt });
    userIds.push(user.id);
    const signIns = [key, ...moreKeys].map((each) => directory.signInWrite(each, user.id));
    done.push(commits.append([...writes, ...signIns]));
  }
  done.push(commits.append([], [identityWrite(dc, secret, createdAt * 1000)]));
  await Promise.all(done);
  return userIds;
}
