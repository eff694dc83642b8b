/** The model world at flow fidelity: a scenario through it, as the command line runs it. */
import { expect, test } from 'vitest';
import { type Scenario, scenario } from '../../../scenarios/define.ts';
import { fidelityProblems } from '../../../scenarios/fidelity.ts';
import { runScenario } from '../../../scenarios/run.ts';
import { smallOutage } from './small-outage.ts';

function run(of: Scenario, worlds: readonly ('model' | 'cluster')[] = ['model']) {
  return runScenario(of, {
    ...{ worlds, fidelity: 'flow', seed: '1', workers: 1, toxiproxy: 'embedded' },
    ...{ scratch: '/nowhere', signal: new AbortController().signal, progress: () => {} },
    ...{ version: '0.0.0', reproduce: 'quincunx run small-outage --fidelity flow' },
    environment: { node: '24', platform: 'test', cores: 1 },
  });
}

test('judges what it knows, says what it does not, and gives the same bits again', async () => {
  const results = await run(smallOutage);
  const { slos, notes, verdict, faults, digest, messages } = results.worlds['model']!;
  expect(slos.map(({ metric }) => metric)).toEqual([
    ...['delivery_latency{path:same_dc}', 'writes_lost', 'writes_doubled', 'drain_time'],
  ]);
  expect(verdict).toBe('held');
  expect(notes[0]).toMatch(/^not judged: order_violations \(a flow has no single messages/);
  expect(faults).toMatchObject([{ firedAtSeconds: 3, healedAtSeconds: 7 }]);
  expect(messages).toBeGreaterThan(5e6);
  expect((await run(smallOutage)).worlds['model']!.digest).toBe(digest);
});

test('hubs and requests of a scenario load it', async () => {
  const shapes = [
    { kind: 'supergroup_burst', atSeconds: 1, members: 200_000, dc: 4 },
    { kind: 'reconnect_storm', atSeconds: 4, dc: 4 },
  ] as const;
  const traffic = { users: 800e6, messagesPerDay: 55e9, mix: 'messenger', shapes } as const;
  const results = await run(scenario({ ...smallOutage, faults: [], traffic }));
  const { metrics, notes } = results.worlds['model']!;
  const delivered = metrics['messages_delivered']!;
  const offered = metrics['messages_offered']!;
  if (delivered.kind !== 'counter' || offered.kind !== 'counter') throw new Error('no counters');
  expect(delivered.count).toBeGreaterThan(offered.count);
  expect(metrics['utilisation{station:media}']).toBeDefined();
  expect(metrics['storage_bytes{content:media}']).toBeDefined();
  expect(notes.join('\n')).toMatch(/of the messages are bot calls/);
  // The storm is more than DC 4's front servers take; posts have cores of their own.
  expect(notes.join('\n')).toMatch(/^full at some time: .*front of DC \d \(\d+ waited\)/m);
  expect(notes.join('\n')).not.toMatch(/^full at some time: .*delivery of DC/m);
});

test('a year is for the model at flow fidelity alone', () => {
  const year = { window: { ...smallOutage.window, seconds: 365 * 86_400 } };
  expect(fidelityProblems(year, ['model'], 'flow')).toEqual([]);
  expect(fidelityProblems(smallOutage, ['model', 'cluster', 'live'], 'events')).toEqual([]);
  expect(fidelityProblems(year, ['model'], 'events')[0]).toContain('365 days are too long');
  expect(fidelityProblems(year, ['model', 'live'], 'flow')[0]).toMatch(
    /too long for the live world; use at most 86400 s, or the model alone at flow fidelity/,
  );
});
