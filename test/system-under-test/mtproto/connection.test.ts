import { describe, expect, test } from 'vitest';
import { RpcError } from '../../../system-under-test/schema/errors.ts';
import { encodeTl } from '../../../system-under-test/schema/tl.ts';
import { connectClient, issueKey, ManualClock, settle, testHost } from './support.ts';

describe.each(['abridged', 'intermediate'] as const)('over %s', (transport) => {
  test('a client exchanges keys, calls, is called back', async () => {
    const host = testHost(new ManualClock());
    const { client, updates, newSessions } = connectClient(host, { transport });
    const authKey = await client.authorize();
    expect(host.keys.get(authKey.id)?.key).toEqual(authKey.key);
    const result = await client.call({ _: 'help.getNearestDc' });
    expect(result).toEqual({ _: 'nearestDc', country: 'NL', thisDc: 2, nearestDc: 2 });
    expect(newSessions()).toBe(1);
    expect(host.opened[0]?.layer).toBe(223);
    await client.ping();
    host.opened[0]?.sendUpdate(encodeTl({ _: 'updatesTooLong' }));
    await settle();
    expect(updates).toEqual([{ _: 'updatesTooLong' }]);
  });
});

test('calls of one turn travel in one write, and so do their answers', async () => {
  const host = testHost(new ManualClock());
  const { client, toServer, toClient } = connectClient(host, { authKey: issueKey(host) });
  await client.call({ _: 'help.getNearestDc' });
  const before = [toServer.written.length, toClient.written.length];
  await Promise.all(Array.from({ length: 5 }, () => client.call({ _: 'help.getNearestDc' })));
  expect([toServer.written.length, toClient.written.length]).toEqual(before.map((n) => n + 1));
});

test('an error reaches the caller as it was thrown', async () => {
  const host = testHost(new ManualClock());
  host.onRequest = (call) => call.fail(new RpcError(303, 'PHONE_MIGRATE_3'));
  const { client } = connectClient(host, { authKey: issueKey(host) });
  await expect(client.call({ _: 'help.getConfig' })).rejects.toEqual(
    new RpcError(303, 'PHONE_MIGRATE_3'),
  );
});
