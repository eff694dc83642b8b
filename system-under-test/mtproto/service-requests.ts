/** How a server answers the service messages of a client, one case each. */
import { bigIntOfLong, longOfBigInt } from '../schema/long.ts';
import { encodeFutureSalts, type ServiceRequest } from '../schema/service-messages.ts';
import { encodeTl, type mtp } from '../schema/tl.ts';
import { hex, int64Bytes } from './bytes.ts';
import { PROTOCOL } from './limits.ts';
import { MESSAGE_KIND, messageIdSeconds } from './message-id.ts';
import type { LiveSession } from './server-session.ts';

/** States in msgs_state_info [mtproto/service_messages_about_messages]. */
const STATE = { unknown: 1, notReceived: 2, notReceivedYet: 3, received: 4 };
/** Added to `received`. */
const STATE_FLAG = { processing: 32, answered: 64 };

export function answerServiceRequest(
  session: LiveSession,
  messageId: bigint,
  request: ServiceRequest,
): void {
  switch (request._) {
    case 'mt_ping':
      pong(session, messageId, request.pingId);
      return;
    case 'mt_ping_delay_disconnect':
      session.carrier?.disconnectAfter(request.disconnectDelay);
      pong(session, messageId, request.pingId);
      return;
    case 'mt_msgs_ack':
      for (const id of boundedIds(request.msgIds)) session.outbox.acknowledged(id);
      return;
    case 'mt_msgs_state_req':
      stateInfo(session, messageId, boundedIds(request.msgIds));
      return;
    case 'mt_msg_resend_req':
      resend(session, messageId, boundedIds(request.msgIds));
      return;
    case 'mt_get_future_salts':
      futureSalts(session, messageId, request.num);
      return;
    case 'mt_rpc_drop_answer':
      dropAnswer(session, messageId, bigIntOfLong(request.reqMsgId));
      return;
    case 'mt_destroy_session':
      destroySession(session, request.sessionId);
      return;
    case 'mt_destroy_auth_key':
      // Signing out is the API's business (auth.logOut); the key itself stays.
      session.sendService({ _: 'mt_destroy_auth_key_fail' });
      return;
    case 'mt_msgs_all_info':
    case 'mt_msgs_state_info':
    case 'mt_http_wait':
      // Only said to be known; a stream needs no waiting request.
      return;
  }
}

function boundedIds(ids: readonly mtp.Long[]): bigint[] {
  return ids.slice(0, PROTOCOL.messageIdsMax).map(bigIntOfLong);
}

function pong(session: LiveSession, messageId: bigint, pingId: mtp.Long): void {
  session.sendService({ _: 'mt_pong', msgId: longOfBigInt(messageId), pingId });
}

function stateInfo(session: LiveSession, messageId: bigint, ids: readonly bigint[]): void {
  const info = Uint8Array.from(ids, (id) => stateOf(session, id));
  session.sendService({ _: 'mt_msgs_state_info', reqMsgId: longOfBigInt(messageId), info });
}

function stateOf(session: LiveSession, id: bigint): number {
  const seen = session.seen.check(id);
  if (seen === 'too_old') return STATE.unknown;
  if (seen === 'repeated') {
    if (session.outbox.answerTo(id) !== undefined) return STATE.received | STATE_FLAG.answered;
    return session.calls.isPending(id) ? STATE.received | STATE_FLAG.processing : STATE.received;
  }
  const nowSeconds = session.host.clock.wallMs() / 1000;
  return messageIdSeconds(id) > nowSeconds ? STATE.notReceivedYet : STATE.notReceived;
}

/** What is still there goes again; the states of the rest are told. */
function resend(session: LiveSession, messageId: bigint, ids: readonly bigint[]): void {
  const gone = ids.filter((id) => !session.outbox.resend(id));
  session.carrier?.schedule(session);
  if (gone.length > 0) stateInfo(session, messageId, gone);
}

function futureSalts(session: LiveSession, messageId: bigint, count: number): void {
  const nowMs = session.host.clock.wallMs();
  const salts = session.salts.future(nowMs, count);
  const body = encodeFutureSalts(messageId, Math.floor(nowMs / 1000), salts);
  session.send(body, MESSAGE_KIND.serverAnswer, false);
}

function dropAnswer(session: LiveSession, messageId: bigint, requestId: bigint): void {
  const answer = session.outbox.answerTo(requestId);
  let result: mtp.TlObject = { _: 'mt_rpc_answer_unknown' };
  if (session.calls.drop(requestId)) result = { _: 'mt_rpc_answer_dropped_running' };
  else if (answer !== undefined) {
    session.outbox.dropAnswer(answer);
    result = {
      _: 'mt_rpc_answer_dropped',
      msgId: longOfBigInt(answer.messageId),
      seqNo: answer.seqNo,
      bytes: answer.body.length,
    };
  }
  session.sendResult(messageId, encodeTl(result));
}

/** Another session of the same key; one's own cannot be destroyed from within. */
function destroySession(session: LiveSession, sessionId: mtp.Long): void {
  const id = hex(int64Bytes(bigIntOfLong(sessionId)));
  const other = session.host.sessions.find(session.authKey.id, id);
  if (other === undefined || other === session) {
    session.sendService({ _: 'mt_destroy_session_none', sessionId });
    return;
  }
  session.host.sessions.drop(other);
  session.sendService({ _: 'mt_destroy_session_ok', sessionId });
}
