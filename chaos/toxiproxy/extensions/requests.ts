/**
 * Reads the bodies of the extensions' calls: batches, cuts and leases. Everything that is wrong
 * with a body is told at once.
 */
import { ApiError, badBody } from '../api-error.ts';
import { fieldsOf, type JsonObject, listOf, numberField, stringField } from '../json-body.ts';
import { LIMITS } from '../limits.ts';
import type { Operation } from './batch.ts';
import type { LeaseWish } from './leases.ts';

const KINDS = ['enable', 'disable', 'add_toxic', 'update_toxic', 'remove_toxic', 'cut'] as const;

/** `{ operations: [...], lease?: {...} }` */
export function readBatch(body: unknown): { operations: Operation[]; lease?: LeaseWish } {
  const fields = fieldsOf(body, 'a batch');
  const list = listOf(fields.get('operations') ?? null, 'operations');
  if (list.length === 0) throw new ApiError(400, 'missing required field: operations');
  tooMany(list.length);
  const problems: string[] = [];
  const operations = list.flatMap((item, index) => {
    try {
      return [readOperation(item)];
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      problems.push(`operation ${index + 1}: ${error.message}`);
      return [];
    }
  });
  if (problems.length > 0) throw new ApiError(400, problems.join('; '));
  return { operations, ...readLease(fields) };
}

/** `{ proxies: [...], within_bytes, lease?: {...} }` */
export function readCut(body: unknown): { operations: Operation[]; lease?: LeaseWish } {
  const fields = fieldsOf(body, 'a cut');
  const names = listOf(fields.get('proxies') ?? null, 'proxies');
  if (names.length === 0) throw new ApiError(400, 'missing required field: proxies');
  tooMany(names.length);
  const withinBytes = readWithin(fields);
  const operations = names.map((proxy): Operation => {
    if (typeof proxy !== 'string') throw badBody('proxies must be a list of names');
    return { kind: 'cut', proxy, withinBytes };
  });
  return { operations, ...readLease(fields) };
}

/** The field `lease` of a body: `{ id?, ttl_ms? }`. */
export function readLease(fields: JsonObject): { lease?: LeaseWish } {
  if (!fields.has('lease')) return {};
  const given = fieldsOf(fields.get('lease'), 'a lease');
  const id = stringField(given, 'id') || undefined;
  if (id !== undefined && id.length > LIMITS.leaseIdCharactersMax) {
    throw new ApiError(400, `lease id is longer than ${LIMITS.leaseIdCharactersMax} characters`);
  }
  return { lease: { id, ttlMs: readTtl(given) } };
}

export function readTtl(fields: JsonObject): number | undefined {
  return optionalWhole(fields, 'ttl_ms', LIMITS.leaseMsMin, LIMITS.leaseMsMax);
}

/** A whole number within bounds; undefined when it is not given. */
export function optionalWhole(
  fields: JsonObject,
  name: string,
  min: number,
  max: number,
): number | undefined {
  const value = numberField(fields, name);
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) {
    return value;
  }
  throw new ApiError(400, `invalid ${name} ${value}: use a whole number from ${min} to ${max}`);
}

export function tooMany(operations: number): void {
  if (operations <= LIMITS.operationsMax) return;
  throw new ApiError(400, `${operations} operations: at most ${LIMITS.operationsMax} in one call`);
}

function readOperation(item: unknown): Operation {
  const fields = fieldsOf(item, 'an operation');
  const given = stringField(fields, 'do') ?? '';
  const kind = KINDS.find((known) => known === given);
  if (kind === undefined) throw new ApiError(400, `do '${given}': use ${KINDS.join(', ')}`);
  const proxy = required(fields, 'proxy');
  switch (kind) {
    case 'enable':
    case 'disable':
      return { kind, proxy };
    case 'cut':
      return { kind, proxy, withinBytes: readWithin(fields) };
    case 'add_toxic':
      return { kind, proxy, toxic: fields.get('toxic') ?? null };
    case 'update_toxic':
      return { kind, proxy, name: required(fields, 'name'), toxic: fields.get('toxic') ?? null };
    case 'remove_toxic':
      return { kind, proxy, name: required(fields, 'name') };
  }
}

function readWithin(fields: JsonObject): number {
  const bytes = optionalWhole(fields, 'within_bytes', 1, LIMITS.cutBytesMax);
  if (bytes === undefined) throw new ApiError(400, 'missing required field: within_bytes');
  return bytes;
}

function required(fields: JsonObject, name: string): string {
  const value = stringField(fields, name) ?? '';
  if (value === '') throw new ApiError(400, `missing required field: ${name}`);
  return value;
}
