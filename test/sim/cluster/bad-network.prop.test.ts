/** Streams under loss, delay, cuts and paused ends, in any order: in order and whole, or closed. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PauseGate } from '../../../sim/cluster/pause-gate.ts';
import type { LinkRule } from '../../../sim/cluster/virtual-links.ts';
import { uniform32 } from '../../../sim/core/draws.ts';
import { bytesOf, connected, smallWorld } from './world.ts';

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), size: fc.nat(3000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('write' as const), size: fc.constant(400_000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('lose' as const, 'delay' as const, 'cut' as const),
      from: fc.constantFrom('a', 'b'),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'heal' } as const) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('pause' as const, 'resume' as const),
      node: fc.constantFrom('a', 'b'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 12, 60, 900),
    }),
  },
);

it('deliver everything once all is well again, in order', async () => {
  let losses = 0;
  let held = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 15, maxLength: 40 }),
      fc.nat(),
      async (steps, seed) => {
        const world = smallWorld(`bad ${seed}`, 8);
        const { loop, network } = world;
        const gates = { a: new PauseGate(loop, 'a'), b: new PauseGate(loop, 'b') };
        const gateOf = (node: string): PauseGate => (node === 'a' ? gates.a : gates.b);
        for (const node of ['a', 'b']) network.forNode(node, gateOf(node));
        const { a, b } = await connected(world);
        const drawn = world.stream('fates');
        const ruleOf = (kind: 'lose' | 'delay' | 'cut', from: string): LinkRule => {
          const isHere = (node: string): boolean => node === from;
          if (kind === 'cut')
            return { name: kind, state: (node) => (isHere(node) ? 'cut' : undefined) };
          const isLost = (): boolean => {
            const lost = uniform32(drawn) < 0.4;
            if (lost) losses++;
            return lost;
          };
          const fate = kind === 'lose' ? { isLost } : { delayMs: () => uniform32(drawn) * 500 };
          return { name: kind, fate: (node) => (isHere(node) ? fate : undefined) };
        };
        const heals: (() => void)[] = [];
        let sent = '';
        let letter = 0;
        for (const now of steps) {
          if (now.kind === 'write') {
            const text = String.fromCharCode(97 + (letter++ % 26)).repeat(now.size);
            // A process that stands still writes nothing.
            if (!gates.a.paused) {
              a.connection.write(bytesOf(text));
              if (a.closedAtMs === undefined) sent += text;
            }
          } else if (now.kind === 'heal') heals.pop()?.();
          else if (now.kind === 'wait') await loop.run(loop.nowMs() + now.ms);
          else if ('node' in now) gateOf(now.node)[now.kind]();
          else heals.push(network.addRule(ruleOf(now.kind, now.from)));
          const before = b.text;
          expect(sent.startsWith(before)).toBe(true);
          if (now.kind === 'wait' && gates.b.paused) expect(b.text).toBe(before);
        }
        for (const heal of heals) heal();
        for (const gate of [gates.a, gates.b]) gate.resume();
        a.connection.end();
        await loop.run(loop.nowMs() + 60_000);
        expect(sent.startsWith(b.text)).toBe(true);
        expect(b.text === sent || network.view().streamsTimedOut > 0).toBe(true);
        expect([a.closedAtMs, b.closedAtMs]).not.toContain(undefined);
        expect(network.view().connections).toBe(0);
        expect(loop.pending).toBe(0);
        held += gates.a.held + gates.b.held;
      },
    ),
    { numRuns: 150, seed: 20260102 },
  );
  expect(losses).toBeGreaterThan(50);
  expect(held).toBeGreaterThan(50);
});
