/** Users on the gateways of five real datacentres, of which one is lost meanwhile. */
import { expect, test } from 'vitest';
import { evaluateSlos } from '../../../reports/slo.ts';
import { scenario } from '../../../scenarios/define.ts';
import { run } from '../../../scenarios/worlds/live-gateway.ts';
import type { Look } from '../../../scenarios/worlds/world.ts';
import { runWorld } from './run-world.ts';

const RUN_MS = 120_000;
const SLOS = {
  writes_lost: ['count==0'],
  writes_doubled: ['count==0'],
  order_violations: ['count==0'],
};

test(
  'a datacentre is lost and comes back: nothing is lost, doubled or out of order',
  async () => {
    const outage = scenario({
      name: 'gateway-outage',
      title: 'Mumbai is lost for four seconds',
      traffic: { users: 800e6, messagesPerDay: 55e9, travellersShare: 0.1 },
      window: { fromUtc: '15:00', seconds: 10, warmupSeconds: 1 },
      faults: [{ kind: 'dc_loss', dc: 4, atSeconds: 2, forSeconds: 4 }],
      slos: SLOS,
      worlds: { live: { users: 60, messagesPerSecond: 40 } },
    });
    const phases: string[] = [];
    const looks: Look[] = [];
    const { measurements, faults, notes, messages } = await runWorld(run, outage, {
      progress: ({ phase }) => phases.at(-1) !== phase && phases.push(phase),
      observe: (look) => looks.push(look),
    });
    expect(phases).toEqual(['start', 'setup', 'arrive', 'load', 'audit']);
    expect(faults[0]?.firedAtSeconds).toBeGreaterThan(1.9);
    expect(faults[0]?.healedAtSeconds).toBeGreaterThan(5.9);
    const judged = evaluateSlos(SLOS, measurements);
    expect({ verdicts: judged.map(({ verdict }) => verdict), notes }).toMatchObject({
      verdicts: ['held', 'held', 'held'],
    });
    const count = (metric: 'messages_offered' | 'messages_delivered' | 'ack_latency') =>
      measurements.summary(metric, {})?.count;
    expect(count('messages_offered')).toBe(messages);
    expect(count('messages_delivered')).toBe(messages);
    expect(count('ack_latency')).toBe(messages);
    // Every path, and both ways in which a message is acknowledged.
    for (const path of ['same_dc', 'cross_dc', 'outage']) {
      expect(measurements.summary('delivery_latency', { path })?.count).toBeGreaterThan(0);
    }
    expect(measurements.summary('ack_latency', { ack: 'queued' })?.count).toBeGreaterThan(0);
    expect(measurements.summary('backlog', { dc: '4' })?.max).toBeGreaterThan(0);
    expect(measurements.summary('drain_time', { dc: '4' })?.max).toBeLessThan(30);
    expect(looks.some(({ inForce }) => inForce.length === 1)).toBe(true);
    expect(looks.at(-1)?.measurements.summary('delivery_latency')?.count).toBe(messages);
  },
  RUN_MS,
);
