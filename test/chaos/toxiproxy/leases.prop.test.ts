/** Whatever was done under a lease, its end puts everything back as it was, in the same order. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type BatchOperation,
  ExtensionsError,
  ToxiproxyExtensions,
} from '../../../chaos/toxiproxy/extensions.ts';
import { startToxiproxy } from '../../../chaos/toxiproxy/server.ts';
import type { Started } from './conformance.ts';
import { addToxic, call } from './wire.ts';

let server: Started;
let extensions: ToxiproxyExtensions;

beforeAll(async () => {
  server = await startToxiproxy({ port: 0, seed: 'test' });
  extensions = new ToxiproxyExtensions(server.url);
  for (const name of ['a', 'b', 'off']) {
    const body = { name, listen: '127.0.0.1:0', upstream: '127.0.0.1:1', enabled: true };
    await call(server.url, 'POST', '/proxies', body);
    await addToxic(server.url, name, { type: 'latency', name: 't1', attributes: { latency: 1 } });
    await addToxic(server.url, name, { type: 'bandwidth', name: 't2', stream: 'upstream' });
    await addToxic(server.url, name, { type: 'slow_close', name: 't3' });
  }
  await call(server.url, 'POST', '/proxies/off', { enabled: false });
});
afterAll(() => server.close());

const proxy = fc.constantFrom('a', 'b', 'off');
const name = fc.constantFrom('t1', 't2', 't3', 't4');
const latency = fc.nat(50).map((ms) => ({ attributes: { latency: ms } }));
const operation: fc.Arbitrary<BatchOperation> = fc.oneof(
  fc.record({ do: fc.constantFrom('enable' as const, 'disable' as const), proxy }),
  fc.record({ do: fc.constant('remove_toxic' as const), proxy, name }),
  fc.record({ do: fc.constant('update_toxic' as const), proxy, name, toxic: latency }),
  fc.record({
    do: fc.constant('add_toxic' as const),
    proxy,
    toxic: name.map((toxic) => ({ type: 'latency', name: toxic })),
  }),
);
const batches = fc.array(fc.array(operation, { minLength: 1, maxLength: 5 }), { maxLength: 8 });

it('undoes any batches in any order', { timeout: 30_000 }, async () => {
  const before = (await call(server.url, 'GET', '/proxies')).text;
  let done = 0;
  await fc.assert(
    fc.asyncProperty(batches, async (wanted) => {
      for (const operations of wanted) {
        try {
          done += (await extensions.batch(operations, { id: 'lease' })).changed;
        } catch (error) {
          // Refused as a whole, for a name that is taken or missing: that must change nothing.
          expect(error).toBeInstanceOf(ExtensionsError);
        }
      }
      const running = await extensions.leases();
      if (running.length > 0) expect((await extensions.end('lease')).problems).toEqual([]);
      expect((await call(server.url, 'GET', '/proxies')).text).toBe(before);
    }),
    { numRuns: 80 },
  );
  expect(done).toBeGreaterThan(50);
});
