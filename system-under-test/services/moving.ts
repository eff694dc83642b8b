/**
 * Moving a user's home. The old home copies the box into its outbox for the new one and gives up
 * the user in the same atomic append as the last part; from then on it passes on whatever still
 * comes for the user, behind the box. So the new home gets everything in one order, exactly once,
 * however often links break meanwhile. Accounts and authorisations stay registered at the DC of
 * birth, where a number signs in.
 */

import type { MovedMarker } from '../datacenter/homes.ts';
import { accountsPartition, boxPartition, movedKey } from '../datacenter/keys.ts';
import { LIMITS } from '../datacenter/limits.ts';
import type { StagedItem } from '../datacenter/outbox.ts';
import { type OutboxItem, pack } from '../datacenter/records.ts';
import type { StoreWrite } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import { encodeTl } from '../schema/tl.ts';
import { homeOfPhone } from '../topology.ts';
import type { ServiceContext } from './context.ts';

/** Whose number it is, and where that user is at home as far as this DC knows. */
export interface Located {
  readonly userId: number;
  readonly home: number;
}

/** At the DC of birth of a number (digits only), which knows for sure; undefined for nobody's. */
export async function locate(ctx: ServiceContext, phone: string): Promise<Located | undefined> {
  const user = await ctx.directory.userByPhone(phone, homeOfPhone(ctx.topology, phone));
  return user && { userId: user.id, home: ctx.homes.of(user.id) };
}

/**
 * At the user's home. Resolves when the move is decided, durably; the new home has the user as soon
 * as the outbox has drained. Rejects with `RpcError`: 400 for nonsense, 503 while it cannot be done
 * without endangering the order of the user's writes (a link is down, or writes are held back).
 */
export function moveHome(ctx: ServiceContext, userId: number, to: number): Promise<void> {
  const outbox = ctx.outboxes.get(to);
  if (!outbox || to === ctx.dc) throw new RpcError(400, 'DC_ID_INVALID');
  return ctx.lanes.run(userId, async () => {
    if (ctx.homes.of(userId) !== ctx.dc || !(await ctx.directory.user(userId))) {
      throw new RpcError(400, 'USER_ID_INVALID');
    }
    if (!ctx.linkedToAll() || mayHaveQueued(ctx, userId)) throw new RpcError(503, 'HOME_BUSY');
    const end = ctx.homes.beginMove(userId);
    try {
      await ctx.boxes.quiet(userId);
      await sentIsThere(ctx);
      await copyBox(ctx, userId, to);
    } finally {
      end();
    }
  });
}

function mayHaveQueued(ctx: ServiceContext, userId: number): boolean {
  if (ctx.holds.holds(userId)) return true;
  for (const outbox of ctx.outboxes.values()) if (outbox.hasQueued(userId)) return true;
  // What this DC sent to the user's last home has not come back here yet: it would go in circles.
  return ctx.homes.wayTo(userId) !== ctx.dc;
}

/**
 * What the user has sent must be where it goes before the new home sends anything: it goes another
 * way. Rejects with 503 when that takes too long.
 */
async function sentIsThere(ctx: ServiceContext): Promise<void> {
  const sent = [...ctx.outboxes.values()].map((outbox) => [outbox, outbox.log.last] as const);
  const endMs = ctx.clock.monotonicMs() + LIMITS.moveWaitMs;
  while (sent.some(([outbox, last]) => outbox.acknowledgedUpTo < last)) {
    if (ctx.clock.monotonicMs() > endMs) throw new RpcError(503, 'HOME_BUSY');
    await new Promise<void>((resolve) => ctx.clock.after(LIMITS.movePollMs, resolve));
  }
}

async function copyBox(ctx: ServiceContext, userId: number, to: number): Promise<void> {
  const epoch = ctx.homes.epochOf(userId) + 1;
  const marker: MovedMarker = [to, epoch, ctx.dc];
  for (let part = 0, after = ''; ; part++) {
    const entries = await ctx.reader.entries(userId, after, LIMITS.moveEntriesMax);
    const last = entries.length < LIMITS.moveEntriesMax;
    after = entries.at(-1)?.key ?? after;
    const pairs = entries.map(({ key, value }) => [key, value] as const);
    const item: OutboxItem = { kind: 'adopt', userId, marker, part, last, entries: pairs };
    const staged = stageTo(ctx, to, item);
    if (!last) {
      await ctx.commits.append([], [staged.write]).then(staged.committed);
      continue;
    }
    // The last part and the farewell are one append: there is never nobody, nor two, at home.
    await ctx.commits.append([markerWrite(ctx, userId, marker)], [staged.write], true);
    staged.committed();
    break;
  }
  ctx.boxes.forget(userId);
  ctx.homes.learn(userId, marker, ctx.dc);
  forgetBox(ctx, userId).catch(() => {}); // a failing store is fatal by itself
}

function stageTo(ctx: ServiceContext, to: number, item: OutboxItem): StagedItem {
  const outbox = ctx.outboxes.get(to);
  if (!outbox) throw new RpcError(400, 'DC_ID_INVALID');
  return outbox.stage(item);
}

function markerWrite(ctx: ServiceContext, userId: number, marker: MovedMarker): StoreWrite {
  const partition = accountsPartition(ctx.dc);
  return { kind: 'put', partition, key: movedKey(userId), value: pack(marker) };
}

/** Empties the box that a user has left, page by page, unless the user comes back meanwhile. */
async function forgetBox(ctx: ServiceContext, userId: number): Promise<void> {
  const partition = boxPartition(ctx.dc, userId);
  for (;;) {
    const keys = await ctx.reader.keysIn(partition, '', LIMITS.moveEntriesMax);
    if (keys.length === 0 || ctx.homes.of(userId) === ctx.dc) return;
    await ctx.commits.append(keys.map((key) => ({ kind: 'delete', partition, key })));
  }
}

/** At the new home: a part of the box. The user is at home here with the last one. */
export async function takeAdoption(
  ctx: ServiceContext,
  item: OutboxItem & { readonly kind: 'adopt' },
  local: readonly StoreWrite[],
): Promise<{ durable: Promise<void> }> {
  const { userId, marker, part, last, entries } = item;
  const partition = boxPartition(ctx.dc, userId);
  const own: StoreWrite[] = [];
  // Left over from an earlier stay, or from a move that was begun and given up.
  if (part === 0) {
    for (let after = ''; ; ) {
      const keys = await ctx.reader.keysIn(partition, after, LIMITS.moveEntriesMax);
      for (const key of keys) own.push({ kind: 'delete', partition, key });
      after = keys.at(-1) ?? after;
      if (keys.length < LIMITS.moveEntriesMax) break;
    }
  }
  for (const [key, value] of entries) own.push({ kind: 'put', partition, key, value });
  if (last) own.push(markerWrite(ctx, userId, marker));
  const appended = ctx.commits.append(own, local, last);
  if (!last) return { durable: appended };
  // The next item may be for this user already: it must find the user at home.
  await appended;
  ctx.boxes.forget(userId);
  ctx.homes.learn(userId, marker, ctx.dc);
  ctx.delivery.push(userId, '', encodeTl({ _: 'updatesTooLong' }));
  return { durable: appended };
}
