/**
 * Memberships as the members' own homes keep them: a copy of what the channel's home decides, and
 * whether the member has muted the channel. The channel's home writes it in the same batch where
 * both homes are this DC, and otherwise asks the other one durably.
 */
import { type Box, changeMembership } from '../datacenter/boxes.ts';
import { boxPartition, membershipKey } from '../datacenter/keys.ts';
import type { StagedItem } from '../datacenter/outbox.ts';
import type { OutboxItem } from '../datacenter/records.ts';
import { packMembership } from '../datacenter/records.ts';
import type { StoreWrite } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import type { tl } from '../schema/tl.ts';
import { addressedChannel } from './channel-access.ts';
import { peerChannel } from './channel-to-tl.ts';
import {
  type Actor,
  type ServiceContext,
  type Staged,
  unixSeconds,
  type WriteOrigin,
} from './context.ts';
import { push, stageFor } from './effects.ts';
import { updatesOf } from './to-tl.ts';

/** What the members' homes must learn of one change, as writes of its append. */
export interface MembershipEffects {
  readonly own: readonly StoreWrite[];
  readonly local: readonly StoreWrite[];
  /** To be called once the append is durable. */
  readonly committed: () => void;
}

/** Boxes of users who are at home here, to be changed in the turn of the append. */
export async function pinBoxes(ctx: ServiceContext, userIds: Iterable<number>): Promise<Box[]> {
  const all = [...userIds];
  const moving = ctx.homes.still(...all);
  if (moving) await moving;
  // All in one turn: whoever held one and waited for another might wait for somebody who does too.
  const here = all.filter((userId) => ctx.homes.wayTo(userId) === ctx.dc);
  return Promise.all(here.map((userId) => ctx.boxes.pin(userId)));
}

/** `boxes` are those of `pinBoxes` for the same users; they are unpinned when it is durable. */
export function membershipEffects(
  ctx: ServiceContext,
  boxes: readonly Box[],
  userIds: Iterable<number>,
  channelId: number,
  joined: boolean,
): MembershipEffects {
  const at = unixSeconds(ctx.clock);
  const own: StoreWrite[] = [];
  const local: StoreWrite[] = [];
  const staged: StagedItem[] = [];
  const changed: { box: Box; pts: number }[] = [];
  for (const userId of userIds) {
    const box = boxes.find((each) => each.userId === userId);
    if (box) {
      const record = joined ? { muted: false, joinedAt: at } : undefined;
      const { pts, writes } = changeMembership(box, channelId, record);
      own.push(...writes);
      changed.push({ box, pts });
    } else {
      const item = stageFor(ctx, userId, { kind: 'membership', to: userId, channelId, joined, at });
      local.push(item.write);
      staged.push(item);
    }
  }
  const committed = (): void => {
    for (const item of staged) item.committed();
    for (const { box, pts } of changed) {
      ctx.boxes.unpin(box);
      tellMembership(ctx, box.userId, channelId, pts);
    }
  };
  return { own, local, committed };
}

/** At a member's home: what a channel's home has decided. */
export async function takeMembership(
  ctx: ServiceContext,
  item: OutboxItem & { readonly kind: 'membership' },
  local: readonly StoreWrite[],
): Promise<{ durable: Promise<void> }> {
  const { to, channelId, joined, at } = item;
  const box = await ctx.boxes.pin(to);
  const record = joined ? { muted: false, joinedAt: at } : undefined;
  const { pts, writes } = changeMembership(box, channelId, record);
  const durable = ctx.commits.append(writes, local).then(() => {
    ctx.boxes.unpin(box);
    tellMembership(ctx, to, channelId, pts);
  });
  return { durable };
}

function tellMembership(ctx: ServiceContext, userId: number, channelId: number, pts: number): void {
  void ctx.audience.look(channelId, userId);
  const date = unixSeconds(ctx.clock);
  push(ctx, userId, '', updatesOf(membershipUpdates(channelId, pts), [], date));
}

/** `updateChannel` has no pts of its own: an empty deletion carries the box's step. */
export function membershipUpdates(channelId: number, pts: number): tl.TypeUpdate[] {
  return [
    { _: 'updateChannel', channelId },
    { _: 'updateDeleteMessages', messages: [], pts, ptsCount: 1 },
  ];
}

/** "For ever", as clients write it in `mute_until`. */
const MUTE_FOREVER = 0x7fffffff;

export function notifySettings(muted: boolean): tl.RawPeerNotifySettings {
  return { _: 'peerNotifySettings', ...(muted ? { muteUntil: MUTE_FOREVER } : {}) };
}

/** At the member's home. Other kinds of notification settings are for the devices to keep. */
export function updateNotifySettings(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.account.RawUpdateNotifySettingsRequest,
  origin: WriteOrigin,
): Promise<Staged<boolean>> {
  const { peer, settings } = request;
  if (peer._ !== 'inputNotifyPeer' || peer.peer._ !== 'inputPeerChannel') {
    throw new RpcError(400, 'PEER_ID_INVALID');
  }
  const channelId = addressedChannel(ctx, peer.peer);
  return ctx.lanes.run(actor.userId, async () => {
    // What is staged may change the membership: it must be durable before it is read.
    await ctx.commits.append([]);
    const membership = await ctx.channelReader.membership(actor.userId, channelId);
    if (!membership) throw new RpcError(400, 'CHANNEL_PRIVATE');
    const muted = (settings.muteUntil ?? 0) > unixSeconds(ctx.clock);
    const write: StoreWrite = {
      kind: 'put',
      partition: boxPartition(ctx.dc, actor.userId),
      key: membershipKey(channelId),
      value: packMembership({ ...membership, muted }),
    };
    const durable = ctx.commits.append([write], origin.local).then(() => {
      void ctx.audience.look(channelId, actor.userId);
      const update: tl.RawUpdateNotifySettings = {
        _: 'updateNotifySettings',
        peer: { _: 'notifyPeer', peer: peerChannel(channelId) },
        notifySettings: notifySettings(muted),
      };
      push(ctx, actor.userId, actor.authKeyId, updatesOf([update], [], unixSeconds(ctx.clock)));
    });
    return { answer: true, durable };
  });
}
