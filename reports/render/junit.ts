/**
 * junit.xml: one suite a world, one case a threshold and a step of a drill. A broken SLO or an
 * aborted drill is a failure; what is undecided, or a void world, is an error, since CI must not
 * take it for a pass.
 */
import type { DrillStep, ResultsDocument, WorldResult } from '../results.ts';
import type { SloResult } from '../slo.ts';
import { drillStepText, intervalText, sloValue } from './format.ts';
import { escapeMarkup } from './xml.ts';

export function renderJunit(results: ResultsDocument): string {
  const suites = Object.entries(results.worlds).map(([name, world]) =>
    suite(results.scenario, name, world),
  );
  const cases = Object.values(results.worlds).map(casesOf);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escapeMarkup(`quincunx ${results.scenario}`)}" ${counts(cases.flat())}>`,
    ...suites,
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

interface Case {
  readonly name: string;
  readonly outcome: 'passed' | 'failure' | 'error';
  readonly message: string;
}

function casesOf(world: WorldResult): Case[] {
  const void_ = world.voidReasons.map((reason): Case => {
    return { name: 'the run can be trusted', outcome: 'error', message: reason };
  });
  return [...void_, ...(world.drill?.steps ?? []).map(stepCase), ...world.slos.map(caseOf)];
}

/** Steps that went as planned are cases, too: a drill that was not aborted says so. */
function stepCase(step: DrillStep): Case {
  const { name, verdict } = step;
  const outcome = OUTCOMES[verdict];
  return { name: `the drill: ${name}`, outcome, message: drillStepText(step) };
}

const OUTCOMES = { held: 'passed', broken: 'failure', undecided: 'error' } as const;

function caseOf(slo: SloResult): Case {
  const name = `${slo.metric} ${slo.threshold}`;
  const unsure = slo.interval?.straddles ? ` (95 % interval: ${intervalText(slo)})` : '';
  switch (slo.verdict) {
    case 'held':
      return { name, outcome: 'passed', message: `${sloValue(slo)}${unsure}` };
    case 'broken':
      return { name, outcome: 'failure', message: `it is ${sloValue(slo)}${unsure}` };
    case 'undecided':
      return { name, outcome: 'error', message: `undecided: ${slo.why ?? 'no data'}` };
  }
}

function counts(cases: readonly Case[]): string {
  const number = (outcome: Case['outcome']): number =>
    cases.filter((one) => one.outcome === outcome).length;
  return `tests="${cases.length}" failures="${number('failure')}" errors="${number('error')}"`;
}

function suite(scenario: string, name: string, world: WorldResult): string {
  const cases = casesOf(world);
  const attributes = `name="${escapeMarkup(`${scenario} ${name}`)}" ${counts(cases)}`;
  const lines = cases.map((one) => {
    const open = `    <testcase classname="${escapeMarkup(`${scenario}.${name}`)}" name="${escapeMarkup(one.name)}"`;
    if (one.outcome === 'passed') {
      return `${open}><system-out>${escapeMarkup(one.message)}</system-out></testcase>`;
    }
    return `${open}><${one.outcome} message="${escapeMarkup(one.message)}"/></testcase>`;
  });
  return [
    `  <testsuite ${attributes} time="${world.wallSeconds}">`,
    ...lines,
    '  </testsuite>',
  ].join('\n');
}
