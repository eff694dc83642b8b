/** The rules for messages, one by one, against a client that breaks them. */
import { describe, expect, test } from 'vitest';
import { BAD_MESSAGE } from '../../../system-under-test/mtproto/message-id.ts';
import { RpcError } from '../../../system-under-test/schema/errors.ts';
import { bigIntOfLong, longOfBigInt } from '../../../system-under-test/schema/long.ts';
import { encodeAck } from '../../../system-under-test/schema/service-messages.ts';
import { encodeTl } from '../../../system-under-test/schema/tl.ts';
import {
  connectClient,
  issueKey,
  ManualClock,
  RawClient,
  settle,
  type TestHost,
  testHost,
} from './support.ts';

const CALL = encodeTl({ _: 'help.getNearestDc' });
const NEAREST = { _: 'nearestDc', country: 'NL', thisDc: 2, nearestDc: 2 };

function setUp(limits: Parameters<typeof testHost>[1] = {}): {
  clock: ManualClock;
  host: TestHost;
  raw: RawClient;
} {
  const clock = new ManualClock();
  const host = testHost(clock, limits);
  return { clock, host, raw: new RawClient(host, issueKey(host)) };
}

function idAt(seconds: number): bigint {
  return BigInt(Math.floor(seconds)) << 32n;
}

describe('msg_id', () => {
  const now = new ManualClock().wallMs() / 1000;
  test.each([
    ['older than 300 s', idAt(now - 302), BAD_MESSAGE.idTooLow],
    ['more than 30 s ahead', idAt(now + 32), BAD_MESSAGE.idTooHigh],
    ['of a server', idAt(now) | 1n, BAD_MESSAGE.idLowBits],
  ])('%s is refused', async (_, messageId, errorCode) => {
    const { host, raw } = setUp();
    raw.send(CALL, { messageId });
    await settle();
    expect(raw.objects('mt_bad_msg_notification')).toMatchObject([{ errorCode, badMsgSeqno: 1 }]);
    expect(host.calls).toHaveLength(0);
  });

  test.each([
    ['299 s old', idAt(now - 298)],
    ['29 s ahead', idAt(now + 29)],
  ])('%s is taken', async (_, messageId) => {
    const { raw } = setUp();
    raw.send(CALL, { messageId });
    await settle();
    expect(raw.answers(messageId)).toEqual([NEAREST]);
  });

  test('older than all that are remembered is refused', async () => {
    const { clock, raw, host } = setUp({ limits: { seenMessagesMax: 16 } });
    const early = raw.nextId();
    for (let i = 0; i < 32; i++) raw.send(CALL);
    await clock.advance(1);
    raw.send(CALL, { messageId: early });
    await settle();
    expect(raw.objects('mt_bad_msg_notification')).toMatchObject([
      { errorCode: BAD_MESSAGE.tooOld },
    ]);
    expect(host.calls).toHaveLength(32);
  });
});

test('a replayed packet is carried out once', async () => {
  const { host, raw } = setUp();
  host.onRequest = () => undefined;
  const packet = raw.send(CALL);
  raw.sendPacket(packet);
  await settle();
  expect(host.calls).toHaveLength(1);
  host.calls[0]!.reply({ _: 'nearestDc', country: 'NL', thisDc: 2, nearestDc: 2 });
  await settle();
  expect(raw.answers(host.calls[0]!.requestMsgId)).toHaveLength(1);
});

test('a request repeated after its answer gets that answer again, until it is acknowledged', async () => {
  const { host, raw } = setUp();
  const messageId = raw.nextId();
  raw.send(CALL, { messageId });
  await settle();
  raw.send(CALL, { messageId });
  await settle();
  expect(raw.answers(messageId)).toEqual([NEAREST, NEAREST]);
  const answer = raw.received.at(-1)!;
  raw.send(encodeAck([answer.messageId]), { seqNo: 2 });
  raw.send(CALL, { messageId });
  await settle();
  expect(raw.answers(messageId)).toHaveLength(2);
  expect(host.calls).toHaveLength(1);
});

describe('seq_no', () => {
  test('of a call must be odd', async () => {
    const { raw, host } = setUp();
    raw.send(CALL, { seqNo: 2 });
    await settle();
    expect(raw.objects('mt_bad_msg_notification')).toMatchObject([
      { errorCode: BAD_MESSAGE.seqNoShouldBeOdd },
    ]);
    expect(host.calls).toHaveLength(0);
  });

  test('of a container must be even; of an acknowledgement it may be odd, as mtcute has it', async () => {
    const { raw } = setUp();
    raw.send(encodeAck([5n]), { seqNo: 1 });
    await settle();
    expect(raw.objects('mt_bad_msg_notification')).toEqual([]);
    raw.sendContainer([], { seqNo: 1 });
    await settle();
    const { seqNoShouldBeEven } = BAD_MESSAGE;
    expect(raw.objects('mt_bad_msg_notification')).toMatchObject([
      { errorCode: seqNoShouldBeEven },
    ]);
  });
});

describe('containers', () => {
  test('carry several calls, answered in one packet', async () => {
    const { raw } = setUp();
    const inside = [1, 3, 5].map((seqNo) => ({ messageId: raw.nextId(), seqNo, body: CALL }));
    raw.sendContainer(inside);
    await settle();
    expect(inside.map(({ messageId }) => raw.answers(messageId))).toEqual([
      [NEAREST],
      [NEAREST],
      [NEAREST],
    ]);
    expect(raw.packets).toHaveLength(1);
  });

  test('must have a higher id than what they contain', async () => {
    const { raw, host } = setUp();
    const messageId = raw.nextId();
    raw.sendContainer([{ messageId: raw.nextId(), seqNo: 1, body: CALL }], { messageId });
    await settle();
    expect(raw.objects('mt_bad_msg_notification')).toMatchObject([
      { errorCode: BAD_MESSAGE.badContainer },
    ]);
    expect(host.calls).toHaveLength(0);
  });

  test('of more than 1024 messages, cut short or nested are refused', async () => {
    const { raw, host } = setUp();
    const message = (): { messageId: bigint; seqNo: number; body: Uint8Array } => ({
      messageId: raw.nextId(),
      seqNo: 1,
      body: CALL,
    });
    raw.sendContainer(Array.from({ length: 1_025 }, message));
    const cut = Uint8Array.from([0xdc, 0xf8, 0xf1, 0x73, 1, 0, 0, 0, 9, 9, 9, 9]);
    raw.send(cut, { seqNo: 0 });
    raw.sendContainer([{ messageId: raw.nextId(), seqNo: 0, body: cut }]);
    await settle();
    const codes = raw.objects('mt_bad_msg_notification');
    expect(codes).toMatchObject(
      Array.from({ length: 3 }, () => ({ errorCode: BAD_MESSAGE.badContainer })),
    );
    expect(host.calls).toHaveLength(0);
  });
});

describe('salts', () => {
  test('a wrong salt is told, and the message is not carried out', async () => {
    const { raw, host } = setUp();
    raw.send(CALL, { salt: 1n });
    await settle();
    const [notice] = raw.objects('mt_bad_server_salt');
    expect(notice).toMatchObject({ errorCode: BAD_MESSAGE.badSalt });
    expect(host.calls).toHaveLength(0);
    raw.send(CALL, {
      salt: bigIntOfLong(
        (notice as { newServerSalt: { low: number; high: number } }).newServerSalt,
      ),
    });
    await settle();
    expect(host.calls).toHaveLength(1);
  });

  test('the one before is good for half an hour more, then not', async () => {
    const { clock, raw, host } = setUp({ limits: { idleTimeoutMs: 1e9 } });
    raw.send(CALL, { salt: 1n });
    await settle();
    const [notice] = raw.objects('mt_bad_server_salt');
    const salt = bigIntOfLong(
      (notice as { newServerSalt: { low: number; high: number } }).newServerSalt,
    );
    await clock.advance(1_800_000);
    raw.send(CALL, { salt });
    await settle();
    expect(host.calls).toHaveLength(1);
    await clock.advance(1_800_000);
    raw.send(CALL, { salt });
    await settle();
    expect(host.calls).toHaveLength(1);
  });

  test('future salts are those that come', async () => {
    const { clock, raw } = setUp({ limits: { idleTimeoutMs: 1e9 } });
    raw.send(encodeTl({ _: 'mt_get_future_salts', num: 3 }));
    await settle();
    const [first] = raw.objects('mt_future_salts') as unknown as {
      salts: { validSince: number; salt: { low: number; high: number } }[];
    }[];
    expect(first?.salts).toHaveLength(3);
    await clock.advance(1_800_000);
    raw.send(CALL, { salt: bigIntOfLong(first!.salts[1]!.salt) });
    await settle();
    expect(raw.objects('mt_bad_server_salt')).toEqual([]);
  });
});

describe('service messages', () => {
  test('states of messages are told apart', async () => {
    const { raw, host } = setUp();
    const answered = raw.nextId();
    raw.send(CALL, { messageId: answered });
    await settle();
    host.onRequest = () => undefined;
    const running = raw.nextId();
    raw.send(CALL, { messageId: running });
    const ids = [answered, running, raw.nextId()].map(longOfBigInt);
    raw.send(encodeTl({ _: 'mt_msgs_state_req', msgIds: ids }));
    await settle();
    const [state] = raw.objects('mt_msgs_state_info') as unknown as { info: Uint8Array }[];
    expect([...state!.info]).toEqual([4 | 64, 4 | 32, 2]);
  });

  test('a push is sent again on request', async () => {
    const { raw, host } = setUp();
    raw.send(CALL);
    await settle();
    host.opened[0]!.sendUpdate(encodeTl({ _: 'updatesTooLong' }));
    await settle();
    const push = raw.received.at(-1)!;
    raw.send(encodeTl({ _: 'mt_msg_resend_req', msgIds: [longOfBigInt(push.messageId)] }));
    await settle();
    expect(raw.received.filter(({ messageId }) => messageId === push.messageId)).toHaveLength(2);
  });

  test('an answer that is not wanted is not sent', async () => {
    const { raw, host } = setUp();
    host.onRequest = () => undefined;
    const messageId = raw.nextId();
    raw.send(CALL, { messageId });
    const drop = raw.nextId();
    raw.send(encodeTl({ _: 'mt_rpc_drop_answer', reqMsgId: longOfBigInt(messageId) }), {
      messageId: drop,
    });
    await settle();
    expect(raw.answers(drop)).toEqual([{ _: 'mt_rpc_answer_dropped_running' }]);
    host.calls[0]!.reply(true);
    await settle();
    expect(raw.answers(messageId)).toEqual([]);
  });

  test('another session of the key can be destroyed', async () => {
    const { raw, host } = setUp();
    raw.send(CALL);
    await settle();
    const first = raw.sessionId;
    raw.sessionId = 78n;
    raw.send(encodeTl({ _: 'mt_destroy_session', sessionId: longOfBigInt(first) }));
    raw.send(encodeTl({ _: 'mt_destroy_session', sessionId: longOfBigInt(5n) }));
    await settle();
    expect(raw.objects('mt_destroy_session_ok')).toHaveLength(1);
    expect(raw.objects('mt_destroy_session_none')).toHaveLength(1);
    expect(host.closed.map((session) => session.sessionId)).toEqual([host.opened[0]!.sessionId]);
  });

  test('acknowledgements go alone when nothing else goes, and with an answer when one does', async () => {
    const { clock, raw, host } = setUp();
    host.onRequest = () => undefined;
    raw.send(CALL);
    await settle();
    expect(raw.objects('mt_new_session_created')).toHaveLength(1);
    expect(raw.objects('mt_msgs_ack')).toHaveLength(1);
    raw.send(CALL);
    await settle();
    expect(raw.objects('mt_msgs_ack')).toHaveLength(1);
    await clock.advance(host.limits.ackDelayMs);
    expect(raw.objects('mt_msgs_ack')).toHaveLength(2);
    for (let i = 0; i < host.limits.acksPendingMax; i++) raw.send(CALL);
    await settle();
    expect(raw.objects('mt_msgs_ack')).toHaveLength(3);
  });
});

describe('calls', () => {
  test('what is no call is answered with an error', async () => {
    const { raw } = setUp();
    const ids = [raw.nextId(), raw.nextId()];
    raw.send(Uint8Array.from([1, 2, 3, 4]), { messageId: ids[0]! });
    raw.send(Uint8Array.from([...encodeTl({ _: 'help.getConfig' }), 0, 0, 0, 0]), {
      messageId: ids[1]!,
    });
    await settle();
    expect(ids.map((id) => raw.answers(id))).toMatchObject([
      [{ errorCode: 400, errorMessage: 'INPUT_METHOD_INVALID' }],
      [{ errorCode: 400, errorMessage: 'INPUT_FETCH_ERROR' }],
    ]);
  });

  test('invokeAfterMsg waits for the call it names, and fails with it', async () => {
    const { raw, host } = setUp();
    host.onRequest = () => undefined;
    const [a, b, c] = [raw.nextId(), raw.nextId(), raw.nextId()];
    const callAfter = (id: bigint): Uint8Array =>
      encodeTl({
        _: 'invokeAfterMsg',
        msgId: longOfBigInt(id),
        query: { _: 'help.getNearestDc' },
      } as unknown as Parameters<typeof encodeTl>[0]);
    raw.send(CALL, { messageId: a });
    raw.send(callAfter(a), { messageId: b });
    raw.send(callAfter(b), { messageId: c });
    await settle();
    expect(host.calls.map((call) => call.requestMsgId)).toEqual([a]);
    host.calls[0]!.reply(true);
    expect(host.calls.map((call) => call.requestMsgId)).toEqual([a, b]);
    host.calls[1]!.fail(new RpcError(400, 'NO'));
    await settle();
    expect(raw.answers(c)).toMatchObject([{ errorMessage: 'MSG_WAIT_FAILED' }]);
  });

  test('too many unanswered ones are told to wait', async () => {
    const { raw, host } = setUp({ limits: { pendingCallsMax: 2 } });
    host.onRequest = () => undefined;
    const ids = [raw.nextId(), raw.nextId(), raw.nextId()];
    for (const messageId of ids) raw.send(CALL, { messageId });
    await settle();
    expect(host.calls).toHaveLength(2);
    expect(raw.answers(ids[2]!)).toMatchObject([{ errorCode: 420 }]);
  });
});

describe('a client whose clock is wrong', () => {
  test.each([-3_600_000, 3_600_000])('by %d ms finds the right time', async (offsetMs) => {
    const host = testHost(new ManualClock());
    const wrong = new ManualClock();
    wrong.wallOffsetMs += offsetMs;
    const { client } = connectClient(host, { clock: wrong, authKey: issueKey(host), salt: 5n });
    expect(await client.call({ _: 'help.getNearestDc' })).toEqual(NEAREST);
    expect(await client.call({ _: 'help.getNearestDc' })).toEqual(NEAREST);
  });
});
