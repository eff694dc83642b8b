/** What comes with the package is right, says what it expects, and expects what the model says. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { unsupportedFaults } from '../../chaos/plan.ts';
import { missingIn } from '../../scenarios/capabilities.ts';
import { scenario, WORLD_NAMES } from '../../scenarios/define.ts';
import { drillNames, loadDrill } from '../../scenarios/drills/load.ts';
import { libraryNames, loadScenario } from '../../scenarios/load.ts';
import { runScenario } from '../../scenarios/run.ts';
import { fileSchema } from '../../scenarios/schemas.ts';
import { plainDrill, plainScenario } from '../../scenarios/templates/plain-scenario.ts';

const WANTED = [
  ...['steady-day', 'evening-peak', 'new-year', 'supergroup-burst', 'celebrity-post', 'dc-outage'],
  ...['two-dcs', 'traveller', 'bot-storm', 'media-flood', 'reconnect-storm', 'replica-lag'],
  ...['hot-partition', 'short-outage'],
];
const OPTIONS = {
  seed: '1',
  workers: 1,
  signal: new AbortController().signal,
  toxiproxy: 'embedded',
  scratch: '/nowhere',
  progress: () => {},
  version: 'test',
  reproduce: 'quincunx run',
  environment: { node: '24', platform: 'test', cores: 1 },
} as const;

test('the library has a scenario for each thing that is to be learned', () => {
  expect(libraryNames()).toEqual([...WANTED].sort());
});

describe.each(libraryNames())('%s', (name) => {
  test('is named like its file, and says what it teaches, where, and what to expect', async () => {
    const loaded = await loadScenario(name, '/');
    expect(loaded.name).toBe(name);
    expect(loaded.title.length).toBeLessThanOrEqual(95);
    expect(loaded.teaches.length).toBeGreaterThan(200);
    expect(Object.keys(loaded.expected).sort()).toEqual([...WORLD_NAMES].sort());
    for (const world of WORLD_NAMES) {
      expect(unsupportedFaults(loaded.faults, world)).toEqual([]);
      const isMissing = missingIn(world, loaded).length > 0;
      expect(loaded.expected[world] === 'undecided', `${name} in ${world}`).toBe(isMissing);
    }
  });

  test('has enough messages for a p(99) of those between datacentres, where it asks for one', async () => {
    const { slos, window, worlds, expected } = await loadScenario(name, '/');
    if (!slos['delivery_latency{path:cross_dc}']?.includes('p(99)<250ms')) return;
    for (const world of ['cluster', 'live'] as const) {
      if (expected[world] !== 'held') continue;
      // One in twenty leaves its DC; 300 are needed, and chance may take some.
      expect(worlds[world].messagesPerSecond * window.seconds).toBeGreaterThan(7000);
    }
  });

  // The flow takes half a second a scenario; events agree with it (see its own tests).
  test('the model says what is expected, at flow fidelity', async () => {
    const loaded = await loadScenario(name, '/');
    const { worlds } = await runScenario(loaded, {
      ...OPTIONS,
      worlds: ['model'],
      fidelity: 'flow',
    });
    const broken = worlds['model']!.slos.filter(({ verdict }) => verdict !== 'held');
    expect(worlds['model']!.verdict, JSON.stringify(broken)).toBe(loaded.expected.model);
    expect(worlds['model']!.notes.join()).not.toContain('not as expected');
  }, 60_000);
});

describe('what a world does not have', () => {
  const small = {
    name: 'small',
    title: 'Small',
    traffic: { users: 1e6, messagesPerDay: 1e8 },
    window: { fromUtc: '12:00', seconds: 5, warmupSeconds: 0 },
    slos: { writes_lost: ['count==0'] },
  };
  const options = { ...OPTIONS, worlds: ['model'], fidelity: 'flow' } as const;

  test('makes its run void, with the reason', async () => {
    const { worlds } = await runScenario(scenario({ ...small, needs: ['travellers'] }), options);
    expect(worlds['model']).toMatchObject({
      verdict: 'undecided',
      voidReasons: [expect.stringContaining('the scenario is about travellers')],
    });
    expect(missingIn('cluster', { needs: ['media', 'travellers'] })).toHaveLength(1);
    expect(missingIn('live', { needs: ['bots', 'posts'] })).toHaveLength(2);
    expect(missingIn('live', { needs: ['travellers'] })).toEqual([]);
    expect(missingIn('live', { needs: ['travellers'] }, 'k6')).toHaveLength(1);
    expect(missingIn('model', { needs: ['bots', 'posts', 'media'] })).toEqual([]);
  });

  test('a verdict that is not the expected one is noted, and changes nothing else', async () => {
    const expected = { model: 'broken' } as const;
    const { verdict, worlds } = await runScenario(scenario({ ...small, expected }), options);
    expect(verdict).toBe('held');
    expect(worlds['model']!.notes[0]).toBe(
      'not as expected: as it is written, the scenario is broken here; this run is held',
    );
  });

  test('what is not right about them is said', () => {
    const wrong = { ...small, expected: { mars: 'held', model: 'fine' }, needs: ['tea'] };
    expect(() => scenario(wrong as unknown as typeof small)).toThrow(
      /expected\.mars: is not a world[\s\S]*expected\.model: "fine"[\s\S]*needs\[0\]: "tea"/,
    );
  });
});

describe('the JSON Schema', () => {
  const ajv = new Ajv2020({ allowUnionTypes: true, strict: false });
  const scenarioIsRight = ajv.compile(fileSchema('scenario'));
  const drillIsRight = ajv.compile(fileSchema('drill'));

  test.each(libraryNames())('accepts %s', async (name) => {
    const loaded = await loadScenario(name, '/');
    const { expected } = loaded;
    const plain = JSON.parse(JSON.stringify({ ...plainScenario(loaded, name), expected }));
    scenarioIsRight(plain);
    expect(scenarioIsRight.errors ?? []).toEqual([]);
  });

  test.each(drillNames())('accepts the drill %s', async (name) => {
    const { drill } = await loadDrill(name, '/');
    drillIsRight(JSON.parse(JSON.stringify(plainDrill(drill, name))));
    expect(drillIsRight.errors ?? []).toEqual([]);
  });

  test('refuses what loading refuses: a field, a fault, a shape, a metric that do not exist', async () => {
    const plain = plainScenario(await loadScenario('short-outage', '/'), 'short-outage');
    const traffic = plain['traffic'] as object;
    const wrong = [
      { ...plain, second: 5 },
      { ...plain, faults: [{ kind: 'dc_lost', dc: 3, atSeconds: 1, forSeconds: 1 }] },
      { ...plain, faults: [{ kind: 'dc_loss', atSeconds: 1, forSeconds: 1 }] },
      { ...plain, slos: { delivery_latncy: ['p(99)<1s'] } },
      { ...plain, traffic: { ...traffic, shapes: [{ kind: 'flood' }] } },
      { ...plain, needs: ['tea'] },
    ];
    for (const value of wrong) {
      expect(scenarioIsRight(value), JSON.stringify(value)).toBe(false);
      expect(() => scenario(value as never)).toThrow();
    }
  });
});
