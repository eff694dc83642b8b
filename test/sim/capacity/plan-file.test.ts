import { describe, expect, test } from 'vitest';
import { inputsYaml } from '../../../sim/capacity/inputs-yaml.ts';
import { readPlan } from '../../../sim/capacity/plan-file.ts';
import { PROFILE_NAMES, PROFILES, profileNamed } from '../../../sim/capacity/profiles.ts';
import { IDS, planFrom, profileSource, sourceOf } from './planning.ts';

function problems(text: string, set: readonly string[] = []): readonly string[] {
  const source = readPlan({ plan: { file: 'plan.yaml', text }, set, dcIds: IDS });
  return 'problems' in source ? source.problems : [];
}

describe('every problem, where it is, and what would be right', () => {
  test('all at once', () => {
    const text = [
      'extends: a-80m',
      'traffic:',
      '  messagesPerday: 60e9',
      '  mediaShare: 1.3',
      '  textBytes: { low: 200, mode: 100, high: 300 }',
      '  mediaBytes: "1 MB"',
      'survive: 3',
      'fleet:',
      '  "1": { front: 10, router: 2, store: 20 }',
    ].join('\n');
    expect(problems(text)).toEqual([
      expect.stringMatching(/^plan.yaml:1:1: extends: "a-80m" is not known; use a-800m/),
      expect.stringMatching(/^plan.yaml:3:3: traffic.messagesPerday: .* nearest: messagesPerDay/),
      expect.stringMatching(/^plan.yaml:4:3: traffic.mediaShare: 1.3 is out of range; .* most 1$/),
      expect.stringMatching(/^plan.yaml:5:3: traffic.textBytes: .*must not decrease$/),
      expect.stringMatching(/^plan.yaml:6:3: traffic.mediaBytes: "1 MB".*use a number such as/),
      expect.stringMatching(/^plan.yaml:7:1: survive: 3 is not known; use 0, 1, 2$/),
      expect.stringMatching(/^plan.yaml:9:3: fleet.1.media: is missing; it must be a number/),
    ]);
  });

  test.each([
    ['traffic:\n  mediaShare: 0.1\n  mediaShare: 0.2', 'plan.yaml:3:3: Map keys must be unique'],
    ['- 1', 'plan.yaml:1:1: is no table of keys and values, such as "traffic:"'],
    ['', 'plan.yaml:1:1: is no table of keys and values, such as "traffic:"'],
    ['start: "2027-13"', 'plan.yaml:1:1: start: "2027-13": use a month such as "2027-01"'],
    [
      'traffic:\n  readsPerWrite: { value: 5, form: measured }',
      'plan.yaml:2:30: traffic.readsPerWrite.form: is not known here; the nearest: from',
    ],
    ['fleet:\n  "7": { front: 1, router: 1, store: 1, media: 1 }', 'there is no datacentre 7'],
    [
      'fleet:\n  "1": { front: 1, router: 1, store: 1, media: 1 }',
      'plan.yaml:1:1: fleet: has no datacentre 2; it must have all of 1, 2, 3, 4, 5',
    ],
    ['traffic: { messagesPerDay: 0 }', 'plan.yaml:1:12: traffic.messagesPerDay: is 0, and so is'],
    [
      'traffic:\n  messagesPerDay: { low: 0, mode: 5e9, high: 6e9 }',
      'plan.yaml:2:3: traffic.messagesPerDay: an interval must begin above 0',
    ],
    [`name: ${'x'.repeat(1_000_001)}`, 'plan.yaml: is longer than 1000000 characters'],
  ])('%#: %s', (text, expected) => {
    expect(problems(text).join('\n')).toContain(expected);
  });

  test('aliases that blow up are refused', () => {
    const text = [
      'a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]',
      'b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]',
      'c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]',
      'd: [*c, *c, *c, *c, *c, *c, *c, *c, *c]',
    ].join('\n');
    expect(problems(text)).toEqual([expect.stringMatching(/^plan.yaml: .*alias/)]);
  });

  test('values of the command line', () => {
    expect(problems('survive: 1', ['traffic.mediaSare=1', 'traffic.mediaShare=3..2..1'])).toEqual([
      expect.stringMatching(/there is no input traffic.mediaSare; the nearest: traffic.mediaShare/),
      expect.stringMatching(/use traffic.mediaShare=NUMBER or .*from 0 to 1 share/),
    ]);
  });
});

describe('layers', () => {
  test('profile, calibration, prices, file, command line: the later wins', () => {
    const law = (meanUs: number) => ({ meanUs, sigma: 0.6 });
    const service = { front: law(50), delivery: law(25), sync: law(900), detectMs: 2000 };
    const source = readPlan({
      plan: { file: 'p.yaml', text: 'service: { syncMicros: 700 }\nprices: { egressGb: 0.03 }' },
      prices: { file: 'prices.yaml', text: 'prices: { egressGb: 0.01, cdnGb: 0.004 }' },
      calibration: { file: 'c.json', text: JSON.stringify({ service, measuredAt: 'somewhere' }) },
      set: ['service.deliveryMicros=20..30..40'],
      dcIds: IDS,
    });
    if ('problems' in source) throw new Error(source.problems.join('\n'));
    const of = (path: string) => source.inputs.get(path)!;
    expect(of('service.frontMicros')).toMatchObject({ mode: 50, from: 'measured' });
    expect(of('service.frontMicros').source).toBe('calibration c.json');
    expect(of('service.gap')).toMatchObject({ low: 1, mode: 1, high: 1, from: 'measured' });
    expect(of('service.syncMicros')).toMatchObject({ mode: 700, from: 'given' });
    expect(of('service.deliveryMicros')).toMatchObject({ low: 20, mode: 30, high: 40 });
    expect(of('prices.egressGb').mode).toBe(0.03);
    expect(of('prices.cdnGb').mode).toBe(0.004);
    expect(of('traffic.textBytes')).toMatchObject({ mode: 150, from: 'given', source: 'source A' });
  });

  test('a calibration without its laws is refused', () => {
    const calibration = { file: 'c.json', text: '{"service": {"front": {"meanUs": -1}}}' };
    const source = readPlan({ profile: 'a-800m', calibration, set: [], dcIds: IDS });
    expect('problems' in source && source.problems.join('\n')).toMatch(
      /c.json:1:\d+: service.front.meanUs: -1 is out of range/,
    );
  });

  test('a profile by any of its names', () => {
    for (const name of PROFILE_NAMES) {
      for (const alias of [name, ...PROFILES[name].aliases]) {
        expect(profileNamed(alias.toUpperCase())).toBe(name);
      }
    }
    expect(profileNamed('d')).toBeUndefined();
  });
});

test.each(PROFILE_NAMES)('%s: its inputs as a file give the same plan', (name) => {
  const source = profileSource(name);
  const plan = planFrom(source);
  const again = planFrom(sourceOf(inputsYaml(source)));
  expect(again.inputs).toEqual(plan.inputs);
  expect(again.figures).toEqual(plan.figures);
  expect(again.tables).toEqual(plan.tables);
  expect(again.flags).toEqual(plan.flags);
});
