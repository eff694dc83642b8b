/**
 * Promises that only somebody who can look into every machine can check: no key in the clear on a
 * disk or in a log (invariant 6), and no queue beyond its limit (invariant 7). What clients were
 * told is checked by the ledger (sim/users/ledger.ts).
 */
import type { Ledger } from '../users/ledger.ts';
import type { VirtualCluster } from './virtual-cluster.ts';
import type { VirtualDisk } from './virtual-store.ts';

/** So many bytes of a key in a row are no accident. */
const TELLTALE_BYTES = 12;

/** More keys would only take longer: what leaks one leaks all. */
const KEYS_MAX = 32;

/** Looks for the devices' keys in everything that a disk holds. */
export function findSecrets(
  dc: number,
  disk: VirtualDisk,
  keys: readonly Uint8Array[],
): string | undefined {
  const telltales = keys
    .slice(0, KEYS_MAX)
    .map((key) => Buffer.from(key.subarray(0, TELLTALE_BYTES)));
  for (const partition of disk.partitions()) {
    for (const { key, value } of disk.durable(partition)) {
      if (value.length < TELLTALE_BYTES) continue;
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
      if (telltales.some((telltale) => bytes.includes(telltale))) {
        return `an auth key stands in the clear on the disk of DC ${dc}, ${partition} ${key}`;
      }
    }
  }
  return undefined;
}

/** A log line that gives a key away, in hexadecimal or base64. */
export function secretInLine(line: string, keys: readonly Uint8Array[]): boolean {
  return keys.some((key) => {
    const start = Buffer.from(key.subarray(0, TELLTALE_BYTES));
    return line.includes(start.toString('hex')) || line.includes(start.toString('base64'));
  });
}

/** Reports every queue that is longer than it may be, once each. */
export class QueueWatch {
  readonly #ledger: Ledger;
  readonly #told = new Set<string>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  look(cluster: VirtualCluster, dcs: readonly number[]): void {
    for (const dc of dcs) {
      for (const { name, size, max } of cluster.datacenter(dc)?.queues() ?? []) {
        const which = `queue ${name} of DC ${dc}`;
        if (size <= max || this.#told.has(which)) continue;
        this.#told.add(which);
        this.#ledger.broken('limit', `${which} holds ${size}, its limit is ${max}`);
      }
    }
  }
}
