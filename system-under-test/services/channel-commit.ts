/**
 * The end of every change of a channel: one append, then memory follows the disk, then those who
 * hear the channel are told. Everything happens in the order of the appends.
 */
import { type ChannelBox, stage, unstage } from '../datacenter/channel-boxes.ts';
import type { StoreWrite } from '../environment/index.ts';
import { encodeTl, type tl } from '../schema/tl.ts';
import type { ServiceContext } from './context.ts';

export interface ChannelCommit {
  readonly own: readonly StoreWrite[];
  readonly local: readonly StoreWrite[];
  /** Its stream record should travel at once. */
  readonly eager?: boolean;
  /** Synchronous: what is done later could be overtaken by the next change. */
  readonly done: () => void;
}

export function commitChannel(
  ctx: ServiceContext,
  box: ChannelBox,
  { own, local, eager, done }: ChannelCommit,
): Promise<void> {
  stage(box, own);
  ctx.channels.count(own);
  return ctx.commits.append(own, local, eager === true).then(() => {
    ctx.hotLogs.applied(own);
    unstage(box, own);
    ctx.channels.unpin(box);
    done();
  });
}

/** To everybody who hears the channel, once encoded. */
export function tellChannel(
  ctx: ServiceContext,
  channelId: number,
  senderId: number,
  exceptAuthKeyId: string,
  update: tl.TypeUpdates,
): void {
  ctx.audience.post(channelId, senderId, exceptAuthKeyId, encodeTl(update));
}
