/**
 * Which methods of the API are served, and how each may be answered: only at home, or also from a
 * replica; and whether a write may wait in a queue while the home DC is out.
 */
import type { TlResult, tl } from '../schema/tl.ts';
import type { Actor, ServiceContext, Staged, WriteOrigin } from './context.ts';
import { getHistory } from './history.ts';
import { sendMessage } from './messages.ts';
import { readHistory } from './read-receipts.ts';
import { getDifference, getState } from './updates.ts';
import { getUsers, importContacts, resolvePhone } from './users.ts';

export type Answer = TlResult;

export type Read = (ctx: ServiceContext, actor: Actor, method: never) => Promise<Answer>;
export type Write = (
  ctx: ServiceContext,
  actor: Actor,
  method: never,
  origin: WriteOrigin,
) => Promise<Staged<Answer>>;

/** Reads of a user's own data: at home, and from a replica while home is out of reach. */
export const READS: Readonly<Record<string, Read>> = {
  'messages.getHistory': getHistory,
  'updates.getState': getState,
  'updates.getDifference': getDifference,
  'users.getUsers': getUsers,
  'contacts.resolvePhone': resolvePhone,
};

/** Writes: at home only. */
export const WRITES: Readonly<Record<string, Write>> = {
  'messages.sendMessage': sendMessage,
  'messages.readHistory': readHistory,
  'contacts.importContacts': importContacts,
};

/**
 * Degraded mode. A write in this set is queued while its user's home DC is out of reach; any other
 * write is refused with 503 HOME_DC_UNREACHABLE, and the client may try again later.
 */
export const QUEUEABLE: ReadonlySet<string> = new Set([
  'messages.sendMessage',
  'messages.readHistory',
]);

export function runRead(
  ctx: ServiceContext,
  actor: Actor,
  method: tl.RpcMethod,
): Promise<Answer> | undefined {
  return READS[method._]?.(ctx, actor, method as never);
}

export function runWrite(
  ctx: ServiceContext,
  actor: Actor,
  method: tl.RpcMethod,
  origin: WriteOrigin,
): Promise<Staged<Answer>> | undefined {
  return WRITES[method._]?.(ctx, actor, method as never, origin);
}
