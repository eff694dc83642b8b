import { expect, test } from 'vitest';
import { Measurements } from '../../reports/measurements.ts';
import { phasesOf } from '../../reports/phases.ts';
import { worldResult } from '../../reports/results.ts';
import { evaluateSlos, sloProblems } from '../../reports/slo.ts';
import { ScenarioError, scenario } from '../../scenarios/define.ts';

const FAULT = { kind: 'dc_loss', description: 'dc_loss of DC 3', atSeconds: 10, forSeconds: 5 };
const HEALED = { ...FAULT, firedAtSeconds: 10.2, healedAtSeconds: 15.3 };
const KEY = (phase: string): string => `delivery_latency{path:same_dc,phase:${phase}}`;

/** A message each 20 ms of 30 s: 20 ms of latency, 200 ms while the fault is in force. */
function measured(): Measurements {
  const measurements = new Measurements({ windowSeconds: 30 });
  const series = measurements.series('delivery_latency', { path: 'same_dc', dc: '1' });
  for (let index = 0; index < 1500; index++) {
    const at = index / 50;
    series.record(at >= 10.2 && at < 15.3 ? 200 : 20, at);
    measurements.add('messages_sent', 1, { dc: '1' }, at);
  }
  return measurements;
}

test('each phase is judged by its own samples', () => {
  const whole = measured();
  const slos = {
    [KEY('before')]: ['p(99)<30ms', 'count==500'],
    [KEY('fault')]: ['p(99)<30ms', 'count==300', 'min<30ms'],
    [KEY('after')]: ['p(99)<30ms', 'count==700'],
    'messages_sent{phase:fault}': ['rate==50'],
  };
  const results = evaluateSlos(slos, whole, phasesOf(whole, [HEALED]));
  expect(results.map(({ metric, verdict }) => `${metric} ${verdict}`)).toEqual([
    `${KEY('before')} held`,
    `${KEY('before')} held`,
    `${KEY('fault')} broken`,
    `${KEY('fault')} held`, // seconds 10 to 16: what a fault touches is all its own
    `${KEY('fault')} held`,
    `${KEY('after')} held`,
    `${KEY('after')} held`,
    'messages_sent{phase:fault} held', // by the seconds of the phase, not of the run
  ]);
});

test('faults that overlap count once, and between two faults is no phase', () => {
  const whole = measured();
  const second = { ...FAULT, atSeconds: 12, forSeconds: 4 };
  const third = { ...FAULT, atSeconds: 20, forSeconds: 1 };
  const parts = phasesOf(whole, [FAULT, second, third])!;
  expect(parts('before').seconds).toBe(10);
  expect(parts('fault').seconds).toBe(7);
  expect(parts('after').seconds).toBe(9);
  expect(parts('after').measurements.summary('delivery_latency')!.count).toBe(450);
});

test('a phase that is not there is undecided, for counters too', () => {
  const whole = measured();
  whole.add('writes_lost', 0, {}, 0);
  const slos = { 'writes_lost{phase:before}': ['count==0'], [KEY('before')]: ['p(50)<1s'] };
  const early = { ...FAULT, atSeconds: 0, forSeconds: 5 };
  for (const result of evaluateSlos(slos, whole, phasesOf(whole, [early]))) {
    expect(result).toMatchObject({ verdict: 'undecided', samples: 0 });
    expect(result.why).toBe("the run has no time in the phase 'before'");
  }
  const [without] = evaluateSlos(slos, whole);
  expect(without).toMatchObject({ verdict: 'undecided' });
  expect(without!.why).toBe('no fault was planned, so there is no phase');
});

test('phases need faults and have three names; a scenario says so before it runs', () => {
  expect(sloProblems({ [KEY('fault')]: ['med<1'] }, [1, 3], { phases: true })).toEqual([]);
  expect(sloProblems({ [KEY('fault')]: ['med<1'] }, [1, 3])).toEqual([
    `slos['${KEY('fault')}']: a phase needs faults, and there are none; leave it out, or plan a fault`,
  ]);
  expect(sloProblems({ [KEY('later')]: ['med<1'] }, [1, 3], { phases: true })).toEqual([
    `slos['${KEY('later')}']: there is no phase 'later'; use before, fault, after`,
  ]);
  const input = {
    name: 'phases',
    title: 'phases',
    traffic: { users: 1e6, messagesPerDay: 1e7 },
    window: { fromUtc: '12:00', seconds: 60 },
    slos: { [KEY('after')]: ['med<1s'] },
  };
  expect(() => scenario(input)).toThrow(ScenarioError);
  const faults = [{ kind: 'dc_loss', dc: 3, atSeconds: 10, forSeconds: 5 }] as const;
  expect(scenario({ ...input, faults }).slos).toEqual(input.slos);
});

test('the results document has the figures of a judged phase', () => {
  const result = worldResult({
    measurements: measured(),
    digest: '0',
    messages: 1500,
    wallSeconds: 1,
    faults: [HEALED],
    notes: [],
    voidReasons: [],
    slos: { [KEY('fault')]: ['p(99)<30ms'], [KEY('before')]: ['p(99)<30ms'] },
  });
  expect(result.metrics[KEY('before')]).toMatchObject({ kind: 'trend', count: 500 });
  expect(result.metrics[KEY('fault')]).toMatchObject({ kind: 'trend', count: 300 });
  expect(result.histograms[KEY('fault')]).toBeTypeOf('string');
  expect(result.timeline.trends[KEY('fault')]).toBeUndefined();
  expect(result.verdict).toBe('broken');
});
