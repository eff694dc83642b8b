/**
 * The gateway over a virtual cluster of two datacentres: the same people write by REST what others
 * read by MTProto, and the other way round.
 */
import { describe, expect, test } from 'vitest';
import { accountsPartition } from '../../../system-under-test/datacenter/keys.ts';
import type { EventSink } from '../../../system-under-test/gateway/event-session.ts';
import { Gateway } from '../../../system-under-test/gateway/gateway.ts';
import { GATEWAY_LIMITS } from '../../../system-under-test/gateway/limits.ts';
import { type Problem, problemOf } from '../../../system-under-test/gateway/problem.ts';
import type { GatewayEvent } from '../../../system-under-test/gateway/to-json.ts';
import { readToken } from '../../../system-under-test/gateway/tokens.ts';
import { textsOf } from '../datacenter/device.ts';
import { type VirtualPeople, withPeople } from '../services/virtual-people.ts';

const ADDRESS = '203.0.113.7';

interface Heard extends EventSink {
  readonly events: GatewayEvent[];
  readonly closed: number[];
  bufferedBytes: number;
}

function hearing(): Heard {
  const events: GatewayEvent[] = [];
  const closed: number[] = [];
  return {
    ...{ events, closed, bufferedBytes: 0 },
    send: (text) => events.push(JSON.parse(text) as GatewayEvent),
    close: (code) => closed.push(code),
  };
}

function gatewayOf({ cluster }: VirtualPeople, dc: number): Gateway {
  const datacenter = cluster.datacenter(dc);
  if (!datacenter) throw new Error(`DC ${dc} is down`);
  return new Gateway(datacenter.front);
}

async function signIn(gateway: Gateway, phone: string, firstName?: string): Promise<string> {
  const { codeId } = gateway.sendCode(ADDRESS, { phone }).body as { codeId: string };
  const code = (phone[5] ?? '').repeat(5);
  const named = firstName === undefined ? {} : { firstName };
  const { body } = await gateway.signIn(ADDRESS, { phone, codeId, code, ...named });
  return (body as { token: string }).token;
}

/** What a call is refused with. */
async function refusal(call: () => unknown): Promise<Problem> {
  try {
    await call();
  } catch (error) {
    return problemOf(error);
  }
  throw new Error('it was not refused');
}

const message = (text: string, n: number) => ({ text, clientId: n.toString(16).padStart(16, '0') });

describe('tokens', () => {
  test('one is good at every datacentre, until it is signed out at one', () =>
    withPeople([1, 5], async (world) => {
      const { people, pass } = world;
      const [one, five] = [gatewayOf(world, 1), gatewayOf(world, 5)];
      const token = await signIn(one, people[0]!.phone);
      await pass(1_000);
      for (const gateway of [one, five]) {
        expect((await gateway.caller(token)).userId).toBe(people[0]!.userId);
      }
      const heard = hearing();
      await one.listen(await one.caller(token), heard);
      await five.signOut(await five.caller(token));
      await pass(1_000);
      expect(heard.closed).toEqual([4401]);
      for (const gateway of [one, five]) {
        await expect(gateway.caller(token)).rejects.toMatchObject({ status: 401 });
      }
    }));

  test('none but the whole token is one', () =>
    withPeople([1], async (world) => {
      const gateway = gatewayOf(world, 1);
      const token = await signIn(gateway, world.people[0]!.phone);
      const last = token.at(-1) === 'A' ? 'E' : 'A';
      for (const wrong of [undefined, '', 'qx_', `${token}A`, token.slice(0, -1) + last]) {
        await expect(gateway.caller(wrong), String(wrong)).rejects.toMatchObject({ status: 401 });
      }
    }));

  test('the datacentre keeps its hash only', () =>
    withPeople([1], async (world) => {
      const { phone } = world.people[0]!;
      const token = await signIn(gatewayOf(world, 1), phone);
      const written = Buffer.concat(
        (world.cluster.disks().get(1)?.durable(accountsPartition(1)) ?? []).flatMap(
          ({ key, value }) => [Buffer.from(key), Buffer.from(value)],
        ),
      ).toString('latin1');
      expect(written).toContain(phone);
      expect(written).toContain(readToken(token)!.id);
      expect(written).not.toContain(token);
      expect(written).not.toContain(Buffer.from(token.slice(3), 'base64url').toString('latin1'));
    }));

  test('a number of elsewhere is told where; a new one signs up', () =>
    withPeople([1], async (world) => {
      const gateway = gatewayOf(world, 1);
      const away = await refusal(() => gateway.sendCode(ADDRESS, { phone: '9996650009' }));
      expect(away).toMatchObject({ status: 421, body: { error: { dc: 5 } } });
      const unknown = await refusal(() => signIn(gateway, '9996610077'));
      expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'SIGN_UP_REQUIRED' } } });
      const token = await signIn(gateway, '9996610077', 'Nora');
      const { body } = await gateway.me(await gateway.caller(token));
      expect(body).toMatchObject({ firstName: 'Nora', phone: '9996610077' });
    }));
});

describe('messages', () => {
  test('reach MTProto and WebSockets alike, once for each clientId', () =>
    withPeople([1, 5], async (world) => {
      const { people, meet, pass } = world;
      const gateway = gatewayOf(world, 1);
      const alice = await gateway.caller(await signIn(gateway, people[0]!.phone));
      const far = gatewayOf(world, 5);
      const bob = await far.caller(await signIn(far, people[1]!.phone));
      const heard = hearing();
      await far.listen(bob, heard);
      const { body } = await gateway.userByPhone(alice, people[1]!.phone);
      const { user: chat } = body as { user: string };
      const sent = await gateway.send(alice, chat, message('hello', 7));
      expect(sent).toMatchObject({ status: 201, body: { status: 'stored', id: 1 } });
      expect(await gateway.send(alice, chat, message('hello', 7))).toEqual(sent);
      await pass(1_000);
      const toAlice = await meet(1, 0);
      expect(textsOf(await people[1]!.device.history(toAlice))).toEqual(['hello']);
      await people[1]!.device.send(toAlice, 'and back', 8);
      await pass(1_000);
      expect(heard.events).toMatchObject([
        { type: 'ready', dc: 5, pts: 0 },
        { type: 'message', pts: 1, message: { id: 1, out: false, text: 'hello' } },
        { type: 'message', pts: 2, message: { id: 2, out: true, text: 'and back' } },
      ]);
      const page = (await gateway.history(alice, chat, { limit: 1 })).body;
      expect(page).toMatchObject({ messages: [{ id: 2, text: 'and back', out: false }] });
      const older = (await gateway.history(alice, chat, { limit: 5, before: 2 })).body;
      expect(older).toMatchObject({ messages: [{ id: 1, text: 'hello', out: true }] });
      const { body: chats } = await gateway.chats(alice, 10);
      expect(chats).toEqual({ chats: [{ chat, title: 'user 1', unread: 1 }] });
      const { body: missed } = await far.updates(bob, 0);
      expect(missed).toMatchObject({ pts: 2, more: false, events: [{ type: 'message' }, {}] });
      expect((await far.updates(bob, 2)).body).toEqual({ events: [], pts: 2, more: false });
    }));

  test('a chat that nobody showed is refused', () =>
    withPeople([1, 1], async (world) => {
      const gateway = gatewayOf(world, 1);
      const alice = await gateway.caller(await signIn(gateway, world.people[0]!.phone));
      const bob = `u${world.people[1]!.userId}-0000000000000000`;
      for (const chat of [bob, 'c9-0000000000000000', 'somebody', 'u1-12']) {
        const { status } = await refusal(() => gateway.send(alice, chat, message('hello', 1)));
        expect(status, chat).toBe(400);
      }
    }));

  test('while home is out they are queued, and told once stored', () =>
    withPeople([5, 1], async (world) => {
      const { people, cluster, pass } = world;
      const home = gatewayOf(world, 5);
      const token = await signIn(home, people[0]!.phone);
      await pass(1_000);
      const guest = gatewayOf(world, 1);
      const caller = await guest.caller(token);
      const heard = hearing();
      await guest.listen(caller, heard);
      const { body } = await guest.userByPhone(caller, people[1]!.phone);
      const { user: chat } = body as { user: string };
      cluster.crash(5);
      await pass(5_000);
      const queued = await guest.send(caller, chat, message('later', 0xa1));
      expect(queued).toMatchObject({ status: 202, body: { status: 'queued', queued: 1 } });
      expect((await guest.history(caller, chat, { limit: 5 })).body).toMatchObject({ stale: true });
      expect(guest.health().body).toEqual({ dc: 1, status: 'degraded' });
      cluster.restart(5);
      await pass(10_000);
      const clientId = message('', 0xa1).clientId;
      expect(heard.events).toContainEqual({ type: 'stored', clientId, id: 1 });
      expect(guest.health().body).toEqual({ dc: 1, status: 'ok' });
    }));
});

test('who asks too often is told when to come back', () =>
  withPeople([1], async (world) => {
    const gateway = gatewayOf(world, 1);
    const token = await signIn(gateway, world.people[0]!.phone);
    for (let n = 0; n < GATEWAY_LIMITS.userRequestsBurst; n++) await gateway.caller(token);
    const refused = await refusal(() => gateway.caller(token));
    expect(refused).toMatchObject({ status: 429, body: { error: { retryAfter: 1 } } });
    await world.pass(1_000);
    for (let n = 0; n < GATEWAY_LIMITS.userRequestsPerSecond; n++) await gateway.caller(token);
    expect((await refusal(() => gateway.caller(token))).status).toBe(429);
  }));

test('a socket that does not read is closed, and hears nothing more', () =>
  withPeople([1, 1], async (world) => {
    const { people, meet, pass } = world;
    const gateway = gatewayOf(world, 1);
    const heard = hearing();
    const token = await signIn(gateway, people[0]!.phone);
    await gateway.listen(await gateway.caller(token), heard);
    const toAlice = await meet(1, 0);
    heard.bufferedBytes = GATEWAY_LIMITS.eventsBufferedBytesMax;
    await people[1]!.device.send(toAlice, 'still fits', 1);
    await pass(500);
    expect(heard.events.at(-1)).toMatchObject({ message: { text: 'still fits' } });
    heard.bufferedBytes++;
    await people[1]!.device.send(toAlice, 'too much', 2);
    await people[1]!.device.send(toAlice, 'even more', 3);
    await pass(500);
    expect(heard.closed).toEqual([1013]);
    expect(heard.events.at(-1)).toMatchObject({ message: { text: 'still fits' } });
  }));
