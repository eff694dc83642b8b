/** Changing messages that were sent. https://core.telegram.org/method/messages.editMessage */
import { RpcError } from '../schema/errors.ts';
import type { tl } from '../schema/tl.ts';
import { editChannelMessage } from './channel-edits.ts';
import type { Actor, ServiceContext, Staged, WriteOrigin } from './context.ts';

export function editMessage(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawEditMessageRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  if (request.peer._ === 'inputPeerChannel') return editChannelMessage(ctx, actor, request, origin);
  throw new RpcError(400, 'PEER_ID_INVALID');
}
