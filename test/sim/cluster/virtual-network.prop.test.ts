/** Streams under any sequence of cuts and heals: whole and in order, or closed. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesOf, connected, smallWorld } from './world.ts';

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), size: fc.nat(3000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('write' as const), size: fc.constant(400_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      { kind: 'cut', from: 'a' } as const,
      { kind: 'cut', from: 'b' } as const,
    ),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'heal' } as const) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 7, 12, 60, 900),
    }),
  },
);

it('deliver everything once the way is back, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.nat(), async (steps, seed) => {
      const world = smallWorld(`cuts ${seed}`, 8);
      const { loop, network } = world;
      const { a, b } = await connected(world);
      const heals: (() => void)[] = [];
      let sent = '';
      let letter = 0;
      for (const now of steps) {
        if (now.kind === 'write') {
          const text = String.fromCharCode(97 + (letter++ % 26)).repeat(now.size);
          a.connection.write(bytesOf(text));
          sent += text;
        } else if (now.kind === 'cut') {
          heals.push(
            network.addRule({
              name: 'cut',
              state: (from) => (from === now.from ? 'cut' : undefined),
            }),
          );
        } else if (now.kind === 'heal') {
          heals.pop()?.();
        } else {
          await loop.run(loop.nowMs() + now.ms);
        }
        expect(sent.startsWith(b.text)).toBe(true);
      }
      for (const heal of heals) heal();
      const timedOut = network.view().streamsTimedOut > 0;
      a.connection.end();
      await loop.run(loop.nowMs() + 3000);
      expect(sent.startsWith(b.text)).toBe(true);
      expect(b.text === sent || timedOut).toBe(true);
      expect([a.closedAtMs, b.closedAtMs]).not.toContain(undefined);
      expect(network.view().connections).toBe(0);
      expect(a.connection.bufferedBytes).toBe(0);
    }),
    { numRuns: 80, seed: 20260101 },
  );
});
