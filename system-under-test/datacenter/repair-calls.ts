/**
 * Asking another datacentre for single entries: those of the asking DC's domain, as they are in the
 * copy that the answering one has, or those of the answering DC's own.
 */
import type { Store } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import { getWithDamage } from './damaged-ranges.ts';
import type { Limits } from './limits.ts';
import type { PeerCalls } from './peer-calls.ts';

/** [domain, partition, keys]: the values, with the record of the stream that they are at. */
export const REPAIR_FETCH = 'repair.fetch';
/** [[partition, key], ...] of the answering DC's domain: into its stream once more. */
export const REPAIR_REWRITE = 'repair.rewrite';

export interface EntryAnswer {
  /** Record of the domain's stream up to which the values are at least. */
  readonly position: number;
  /** Undefined where there is nothing under the key. */
  readonly values: readonly (Uint8Array | undefined)[];
}

export interface FetchAnswers {
  readonly dc: number;
  readonly store: Store;
  readonly limits: Limits;
  /** Last durable record of a domain's stream here; undefined when the copy is not whole. */
  readonly position: (domain: number) => number | undefined;
  readonly found: (partition: string, keys: readonly string[]) => void;
}

export function answerFetches(calls: PeerCalls, options: FetchAnswers): void {
  const { dc, store, limits, position, found } = options;
  calls.register(REPAIR_FETCH, async (from, question) => {
    const [domain, partition, keys] = Array.isArray(question) ? (question as unknown[]) : [];
    const right =
      (domain === from || domain === dc) &&
      isName(partition) &&
      domainOf(partition) === domain &&
      Array.isArray(keys) &&
      keys.length <= limits.repairKeysMax &&
      keys.every(isName);
    if (!right) throw new RpcError(400, 'REPAIR_INVALID');
    const at = position(domain);
    if (at === undefined) throw new RpcError(503, 'NOT_WHOLE_HERE');
    const values: (Uint8Array | null)[] = [];
    for (const key of keys as readonly string[]) {
      const { value, damaged } = await getWithDamage(store, partition, key);
      if (damaged) {
        found(partition, [key]);
        throw new RpcError(503, 'DAMAGED_HERE');
      }
      values.push(value ?? null);
    }
    return [at, values];
  });
}

/** Undefined for what is no answer to a question with so many keys. */
export function receivedEntries(count: number, answer: unknown): EntryAnswer | undefined {
  const [position, values] = Array.isArray(answer) ? (answer as unknown[]) : [];
  if (!Number.isSafeInteger(position) || !Array.isArray(values)) return undefined;
  const right = values.every((value) => value === null || value instanceof Uint8Array);
  if (values.length !== count || !right) return undefined;
  return {
    position: position as number,
    values: values.map((value: Uint8Array | null) => value ?? undefined),
  };
}

/** The DC whose domain a partition belongs to; undefined for local ones. */
export function domainOf(partition: string): number | undefined {
  const match = /^d(\d+)\//.exec(partition);
  return match ? Number(match[1]) : undefined;
}

/** What the store takes as a name. */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x20-\x7e]*$/.test(value);
