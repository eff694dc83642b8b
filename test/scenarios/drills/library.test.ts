import { describe, expect, it } from 'vitest';
import type { DrillInput } from '../../../chaos/drill.ts';
import dcLoss from '../../../chaos/library/dc-loss.ts';
import { unsupportedFaults } from '../../../chaos/plan.ts';
import { ScenarioError } from '../../../scenarios/define.ts';
import { drillNames, loadDrill } from '../../../scenarios/drills/load.ts';
import { checkDrill } from '../../../scenarios/drills/run-drill.ts';

describe.each(drillNames())('drill %s', (name) => {
  it('is named after its file, within its budget, and can run in both worlds', async () => {
    const { drill, scenario, blast } = await loadDrill(name, '/');
    expect(drill.name).toBe(name);
    expect(drill.teaches.length).toBeGreaterThan(80);
    expect(unsupportedFaults(scenario.faults, 'cluster')).toEqual([]);
    expect(unsupportedFaults(scenario.faults, 'live')).toEqual([]);
    expect(blast.length).toBeGreaterThan(0);
  });
});

it('tells everything that is wrong with a drill at once, each with its place', () => {
  const input = {
    name: 'Bad Name',
    title: '',
    steadyState: { seconds: 0, slos: { latency: ['p(99)<1s'] } },
    faults: [{ kind: 'dc_loss', dc: 9, atSeconds: 0, forSeconds: 5 }],
    abortWhen: [{ metric: 'backlog', is: 'big', overSecond: 9 }],
    blastRadius: { dcLostMax: 2 },
    slos: {},
    surprise: 1,
  } as unknown as DrillInput;
  const problems = (() => {
    try {
      checkDrill(input);
      return [];
    } catch (error) {
      return (error as ScenarioError).problems;
    }
  })();
  const fields = problems.map((problem) => problem.split(':')[0]);
  expect(fields).toEqual(
    expect.arrayContaining([
      ...['name', 'title', 'surprise', 'steadyState.seconds', 'faults[0].dc', 'slos'],
      ...['steadyState.slos', 'abortWhen[0]', 'abortWhen[0].overSecond', 'blastRadius.dcLostMax'],
    ]),
  );
  expect(() => checkDrill(input)).toThrow(ScenarioError);
});

it.each([5, 'backlog', [undefined], [{ is: 'max>10' }]])('abortWhen: %j is told', (abortWhen) => {
  const input = { ...dcLoss, abortWhen } as unknown as DrillInput;
  expect(() => checkDrill(input)).toThrow(ScenarioError);
  expect(() => checkDrill(input)).toThrow(/abortWhen/);
});
