import { describe, expect, test } from 'vitest';
import { Measurements } from '../../reports/measurements.ts';
import { type FaultResult, resultsDocument, worldResult } from '../../reports/results.ts';
import type { SloMap } from '../../reports/slo.ts';
import { FAULT, fixture } from './fixture.ts';

const SLOS: SloMap = { 'delivery_latency{path:same_dc}': ['p(99)<100ms'] };

function world(
  ms: number,
  samples: number,
  rest: Partial<Parameters<typeof worldResult>[0]> = {},
  lost = 0,
) {
  const measurements = new Measurements({ windowSeconds: 10 });
  measurements.record('delivery_latency', ms, { path: 'same_dc', dc: '1' }, 1, samples);
  measurements.add('writes_lost', lost, {}, 10);
  return worldResult({
    measurements,
    digest: 'ab12',
    messages: samples,
    wallSeconds: 1,
    faults: [FAULT],
    notes: [],
    voidReasons: [],
    slos: SLOS,
    ...rest,
  });
}

const { firedAtSeconds: _fired, healedAtSeconds: _healed, ...planned } = FAULT;
const notFired: FaultResult = planned;
const notHealed: FaultResult = { ...planned, firedAtSeconds: 40 };

const STALL = 'the disk of this machine stalled';
const STALLED = { slowReasons: [STALL] };

describe('the verdict of a world', () => {
  test.each([
    ['all well', world(50, 1000), 'held', []],
    ['over the limit', world(150, 1000), 'broken', []],
    ['too few samples', world(50, 10), 'undecided', []],
    ['no fault planned', world(50, 1000, { faults: [] }), 'held', []],
    [
      'the fault did not fire',
      world(50, 1000, { faults: [notFired] }),
      'undecided',
      ['the fault "dc_loss of DC 4" planned at 40 s did not fire'],
    ],
    [
      'it did not heal',
      world(50, 1000, { faults: [notHealed] }),
      'undecided',
      ['the fault "dc_loss of DC 4" did not heal after 30 s'],
    ],
    [
      'void, though it looks held',
      world(50, 1000, { voidReasons: ['the generator was late'] }),
      'undecided',
      ['the generator was late'],
    ],
    [
      'void, though it looks broken',
      world(150, 1000, { voidReasons: ['the generator was late'] }),
      'undecided',
      ['the generator was late'],
    ],
    ['no promises', world(50, 1000, { slos: {} }), 'undecided', []],
    ['the disk stalled, and it held', world(50, 1000, STALLED), 'held', []],
    ['the disk stalled, and it was slow', world(150, 1000, STALLED), 'undecided', [STALL]],
    [
      'the disk stalled, and a write was lost',
      world(150, 1000, { ...STALLED, slos: { ...SLOS, writes_lost: ['count==0'] } }, 1),
      'broken',
      [],
    ],
  ])('%s', (_name, result, verdict, voidReasons) => {
    expect(result.verdict).toBe(verdict);
    expect(result.voidReasons).toEqual(voidReasons);
  });
});

describe('the document', () => {
  const verdictOf = (...worlds: ReturnType<typeof world>[]) =>
    resultsDocument({
      ...fixture(),
      worlds: Object.fromEntries(worlds.map((one, index) => [`w${index}`, one])),
    }).verdict;
  const held = world(50, 1000);
  const broken = world(150, 1000);
  const undecided = world(50, 1);

  test('broken before undecided before held; nothing that ran is undecided', () => {
    expect(verdictOf(held, held)).toBe('held');
    expect(verdictOf(held, undecided)).toBe('undecided');
    expect(verdictOf(undecided, broken, held)).toBe('broken');
    expect(verdictOf()).toBe('undecided');
  });

  test('it holds what scripts may rely on', () => {
    const document = JSON.parse(JSON.stringify(fixture()));
    expect(document).toMatchObject({
      schema: 1,
      quincunx: '0.1.0',
      scenario: 'dc-outage',
      seed: '7',
      verdict: 'broken',
    });
    expect(Object.keys(document.worlds)).toEqual(['model', 'cluster', 'live']);
    const { model } = document.worlds;
    expect(model).toMatchObject({ digest: '9f2c4e0b7a61d853', wallSeconds: 48.3, verdict: 'held' });
    expect(model.slos[0]).toMatchObject({
      metric: 'delivery_latency{path:same_dc}',
      threshold: 'p(99)<100ms',
      unit: 'ms',
      verdict: 'held',
    });
    const summary = model.metrics['delivery_latency{path:same_dc}'];
    for (const figure of ['count', 'mean', 'p50', 'p90', 'p99', 'p999', 'max']) {
      expect(summary[figure]).toBeGreaterThan(0);
    }
    expect(summary.unit).toBe('ms');
  });

  test('what is judged is among the metrics, whatever its tags', () => {
    const slos = { 'delivery_latency{path:same_dc,dc:1}': ['p(99)<100ms'] };
    const { metrics, slos: judged } = world(50, 1000, { slos });
    expect(metrics[judged[0]!.metric]).toMatchObject({ count: 1000, p99: 50 });
  });

  test('its timeline has a value for every bucket of every column', () => {
    const { timeline } = fixture().worlds['model']!;
    const length = timeline.atSeconds.length;
    expect(length).toBe(120);
    for (const { count, p50, p99, max } of Object.values(timeline.trends)) {
      expect([count, p50, p99, max].map((column) => column.length)).toEqual(Array(4).fill(length));
    }
    for (const column of [...Object.values(timeline.rates), ...Object.values(timeline.levels)]) {
      expect(column).toHaveLength(length);
    }
  });

  test('cumulative buckets rise to the count', () => {
    const { buckets, metrics } = fixture().worlds['live']!;
    for (const [key, points] of Object.entries(buckets)) {
      const counts = points.map(([, count]) => count);
      expect(counts).toEqual([...counts].sort((a, b) => a - b));
      expect(counts.at(-1)).toBe(metrics[key]!.kind === 'trend' && metrics[key]!.count);
    }
  });
});
