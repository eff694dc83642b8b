/**
 * Whose disk this is. A disk gets its identity when its datacentre has started for the first time,
 * or has got back what it had lost; a disk without one belongs to a datacentre that has never
 * lived, or has lost everything, and only the other datacentres know which (recovery.ts).
 */
import type { Store, StoreWrite } from '../environment/index.ts';
import { getWithDamage } from './damaged-ranges.ts';
import { IDENTITY_PARTITION } from './keys.ts';
import { pack, unpack } from './records.ts';
import { derivedKey } from './seal.ts';

const KEY = 'identity';
const CLUSTER_ID_BYTES = 16;

/** Names the cluster without giving its secret away. */
function clusterId(secret: Uint8Array): Uint8Array {
  return derivedKey(secret, 'cluster id').subarray(0, CLUSTER_ID_BYTES);
}

/** Whether the disk has an identity. Rejects when it is another DC's, or another cluster's. */
export async function hasIdentity(store: Store, dc: number, secret: Uint8Array): Promise<boolean> {
  const { value, damaged } = await getWithDamage(store, IDENTITY_PARTITION, KEY);
  if (!value) return damaged;
  const [id, owner] = unpack<[Uint8Array, number, number]>(value);
  if (Buffer.compare(id, clusterId(secret)) !== 0) {
    throw new Error('this store belongs to a cluster with another secret; put back the right one');
  }
  if (owner !== dc) throw new Error(`this store belongs to DC ${owner}, not to DC ${dc}`);
  return true;
}

/** `createdMs`: Unix milliseconds. */
export function identityWrite(dc: number, secret: Uint8Array, createdMs: number): StoreWrite {
  const value = pack([clusterId(secret), dc, Math.floor(createdMs)]);
  return { kind: 'put', partition: IDENTITY_PARTITION, key: KEY, value };
}

/** The next start asks the other datacentres what this one has lost. */
export const FORGET_IDENTITY: StoreWrite = {
  kind: 'delete',
  partition: IDENTITY_PARTITION,
  key: KEY,
};

/**
 * The other DCs have more of this DC than its own disk: an older state of it was put back. The
 * process must end; its next start gets back what is missing.
 */
export class OutdatedDiskError extends Error {
  override name = 'OutdatedDiskError';
}
