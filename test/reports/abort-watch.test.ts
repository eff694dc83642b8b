import { describe, expect, test } from 'vitest';
import { AbortWatch, isBrokenForGood, slosOfAborted } from '../../reports/abort-watch.ts';
import { Measurements } from '../../reports/measurements.ts';
import { evaluateSlos, type SloMap, sloProblems } from '../../reports/slo.ts';
import { abortDelaySeconds } from '../../reports/slo-threshold.ts';

const DCS = [1, 2, 3, 4, 5];
const tags = { path: 'same_dc', dc: '2' };
const on = (threshold: string, delayAbortEval?: string): SloMap => ({
  delivery_latency: [
    { threshold, abortOnFail: true, ...(delayAbortEval ? { delayAbortEval } : {}) },
  ],
});

/** The second in which a run is ended whose latencies these are, ten messages a second. */
function endedAt(slos: SloMap, latencyOf: (second: number) => number): number | undefined {
  const measurements = new Measurements({ windowSeconds: 60 });
  const watch = new AbortWatch(slos);
  for (let second = 0; second < 60; second++) {
    measurements.add('messages_offered', 10, { dc: '1' }, second);
    measurements.record('delivery_latency', latencyOf(second), tags, second, 10);
    if (watch.look(second + 1, measurements)) return second + 1;
  }
  return undefined;
}

describe('a run ends', () => {
  const slow = (): number => 500;
  test.each<[string, SloMap, (second: number) => number, number | undefined]>([
    ['at once where it can only get worse', on('max<100ms'), slow, 1],
    ['not before the delay', on('max<100ms', '10s'), slow, 10],
    ['not before there are enough samples', on('p(99)<100ms'), slow, 30],
    ['for a median after six of them', on('med<100ms'), slow, 1],
    ['for a mean after a hundred', on('avg<100ms'), slow, 10],
    ['never while all is well', on('p(99)<100ms'), () => 20, undefined],
    // Every second one is slow; p(95) needs 60 samples.
    ['when chance cannot be why', on('p(95)<100ms'), (s) => (s % 2 ? 500 : 20), 6],
    ['not for what can still come right', on('count>1000'), slow, undefined],
    ['nor for a minimum that may fall', on('min<1ms'), slow, undefined],
    ['for a minimum that is too low', on('min>1s'), slow, 1],
  ])('%s', (_name, slos, latencyOf, second) => {
    expect(endedAt(slos, latencyOf)).toBe(second);
  });

  test('for a limit inside the interval it goes on', () => {
    // 1.2 % are slow: the value of p99 is 500 ms, but 600 samples cannot tell 1.2 % from 1 %.
    const measurements = new Measurements({ windowSeconds: 60 });
    measurements.record('delivery_latency', 20, tags, 1, 593);
    measurements.record('delivery_latency', 500, tags, 1, 7);
    const [slo] = evaluateSlos({ delivery_latency: ['p(99)<100ms'] }, measurements);
    expect(slo).toMatchObject({ verdict: 'broken', interval: { straddles: true } });
    expect(isBrokenForGood(slo!)).toBe(false);
    expect(new AbortWatch(on('p(99)<100ms')).look(10, measurements)).toBe(false);
  });

  test('for counts above their limit, also by tags; strings end nothing', () => {
    const measurements = new Measurements({ windowSeconds: 60 });
    measurements.add('writes_queued', 3, { dc: '4' }, 2);
    const queued = (threshold: string, dc: string) => ({
      [`writes_queued{dc:${dc}}`]: [{ threshold, abortOnFail: true }],
    });
    expect(new AbortWatch(queued('count<3', '4')).look(3, measurements)).toBe(true);
    expect(new AbortWatch(queued('count==0', '4')).look(3, measurements)).toBe(true);
    expect(new AbortWatch(queued('count==5', '4')).look(3, measurements)).toBe(false);
    expect(new AbortWatch(queued('count<3', '5')).look(3, measurements)).toBe(false);
    const text = new AbortWatch({ writes_queued: ['count==0'] });
    expect([text.watches, text.look(3, measurements)]).toEqual([false, false]);
  });

  test('availability counts what was due once its time is over, and not before', () => {
    const within = on('within(2s)>=99%');
    const measurements = new Measurements({ windowSeconds: 60 });
    // A thousand a second due from 5 s on, and nothing arrives any more.
    for (let second = 0; second < 9; second++) {
      measurements.add('messages_offered', 1000, { dc: '1' }, second);
      if (second < 5) measurements.record('delivery_latency', 50, tags, second, 1000);
    }
    expect(new AbortWatch(within).look(5.9, measurements)).toBe(false);
    expect(new AbortWatch(within).look(7.9, measurements)).toBe(false);
    expect(new AbortWatch(within).look(8, measurements)).toBe(true);
  });

  test('not in the warm-up, not twice, and not after the window', () => {
    const measurements = new Measurements({ windowSeconds: 60 });
    measurements.record('delivery_latency', 500, tags, 0, 10);
    const watch = new AbortWatch(on('max<100ms'));
    expect(watch.look(-1, measurements)).toBe(false);
    expect(watch.look(60.5, measurements)).toBe(false);
    expect(watch.aborted).toBeUndefined();
    expect(watch.look(12.25, measurements)).toBe(true);
    expect(watch.look(12.5, measurements)).toBe(true);
    expect(watch.aborted).toMatchObject({
      atSeconds: 12.25,
      slo: { metric: 'delivery_latency', threshold: 'max<100ms', verdict: 'broken', value: 500 },
    });
  });
});

test('of a run that was ended, what is not broken for good is undecided', () => {
  const measurements = new Measurements({ windowSeconds: 60 });
  measurements.record('delivery_latency', 500, tags, 0, 10);
  const slos = {
    delivery_latency: ['max<100ms', 'count>1000', 'max<1s', 'max<400ms'],
    writes_lost: ['count==0'],
  };
  const results = evaluateSlos(slos, measurements);
  const [first] = results;
  const settled = slosOfAborted(results, { atSeconds: 9.5, slo: first! });
  expect(settled.map(({ verdict }) => verdict)).toEqual([
    ...['broken', 'undecided', 'undecided', 'broken', 'undecided'],
  ]);
  expect(settled[1]?.why).toBe('the run was aborted at 9.5 s');
});

describe('as it is written', () => {
  test.each([
    ['10s', 10],
    ['500ms', 0.5],
    ['1m30s', 90],
    ['1.5h', 5400],
  ])('%s is %d s', (delayAbortEval, seconds) => {
    expect(abortDelaySeconds({ threshold: 'max<1', abortOnFail: true, delayAbortEval })).toBe(
      seconds,
    );
    expect(sloProblems(on('max<1s', delayAbortEval), DCS)).toEqual([]);
  });

  test.each<[string, unknown, RegExp]>([
    ['no text', { abortOnFail: true }, /threshold is missing; use \{ threshold: 'p\(99\)<100ms'/],
    ['another text', { threshold: 'p(99)' }, /'p\(99\)' is no threshold/],
    ['no truth', { threshold: 'max<1', abortOnFail: 'yes' }, /abortOnFail: "yes" is not right/],
    ['a number', on('max<1', '10')['delivery_latency']?.[0], /"10" is no duration up to 24h/],
    ['a week', on('max<1', '168h')['delivery_latency']?.[0], /is no duration up to 24h/],
    ['a delay alone', { threshold: 'max<1', delayAbortEval: '1s' }, /needs abortOnFail: true/],
    ['misspelt', { threshold: 'max<1', abortOnfail: true }, /abortOnfail: is not known; use/],
    ['a list', ['max<1'], /is no threshold; use \{/],
    ['nothing', null, /null is no text/],
    ['five', 5, /5 is no text/],
  ])('%s is refused', (_name, written, problem) => {
    const slos = { delivery_latency: [written] } as unknown as SloMap;
    expect(sloProblems(slos, DCS).join('\n')).toMatch(problem);
  });

  test('what only the end can judge ends nothing', () => {
    const phase = 'delivery_latency{phase:fault}';
    const aborting = [{ threshold: 'max<1s', abortOnFail: true }];
    expect(sloProblems({ [phase]: aborting }, DCS, { phases: true }).join()).toMatch(
      /abortOnFail: is not for a phase/,
    );
    const level = { backlog: [{ threshold: 'value<5', abortOnFail: true }] };
    expect(sloProblems(level, DCS).join()).toMatch(/is not for the level at the end; use 'max'/);
    expect(sloProblems({ delivery_latency: aborting }, DCS, { noAborts: 'why' })).toEqual([
      "slos['delivery_latency']: 'max<1s': abortOnFail: why",
    ]);
  });
});
