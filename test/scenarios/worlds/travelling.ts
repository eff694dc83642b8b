/** A small world in which half of the people are abroad, for tests of the worlds. */
import { expect } from 'vitest';
import { evaluateSlos } from '../../../reports/slo.ts';
import { type Scenario, scenario } from '../../../scenarios/define.ts';
import type { WorldRun } from '../../../scenarios/worlds/world.ts';

export const travelling: Scenario = scenario({
  name: 'travelling',
  title: 'Half of the people are abroad',
  traffic: { users: 800e6, messagesPerDay: 55e9, travellersShare: 0.5 },
  window: { fromUtc: '15:30', seconds: 6, warmupSeconds: 1 },
  slos: {
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
  worlds: {
    cluster: { users: 40, messagesPerSecond: 40 },
    live: { users: 40, messagesPerSecond: 40 },
  },
});

/** Everything came, and people of one home were a backbone apart. */
export function expectTravellers({ measurements, messages, notes }: WorldRun): void {
  const slos = evaluateSlos(travelling.slos, measurements);
  expect(slos.filter(({ verdict }) => verdict !== 'held')).toEqual([]);
  expect(measurements.summary('messages_delivered', {})?.count).toBe(messages);
  // Within a DC the slowest is some 40 ms; the shortest way between two and back takes longer.
  expect(measurements.summary('delivery_latency', { path: 'same_dc' })?.p90).toBeGreaterThan(80);
  expect(measurements.summary('ack_latency', { ack: 'stored' })?.p90).toBeGreaterThan(60);
  expect(notes.join()).toMatch(/\d+ people are abroad/);
}
