/** What a drill is going to do, for a terminal: its plan and what that touches. */
import type { Drill } from '../chaos/drill.ts';
import { describeFault } from '../chaos/plan.ts';
import { wrapped } from '../reports/render/wrapped.ts';
import type { BlastStepResult, ResultsDocument } from '../reports/results.ts';

/** Columns of a plan, two of them in front; as wide as the narrowest usual terminal. */
const PLAN_WIDTH = 78;
const INDENT = ' '.repeat(14);

type DcNames = ResultsDocument['datacentres'];

/** Said before anything runs. */
export function drillPlanText(
  drill: Drill,
  blast: readonly BlastStepResult[],
  dcs: DcNames,
): string {
  const { steadyState, faults, abortWhen, recoverySeconds } = drill;
  const thresholds = Object.entries(steadyState.slos).flatMap(([metric, list]) =>
    list.map((threshold) => `${metric} ${threshold}`),
  );
  const lines = [
    `${drill.name}: ${drill.title}`,
    '',
    `first   ${steadyState.seconds} s of calm, in which must hold:`,
    ...thresholds.map((threshold) => `          ${threshold}`),
    'then    (seconds from the end of that)',
    ...faults.map(
      (fault) =>
        `  ${seconds(fault.atSeconds, fault.forSeconds)}  ${named(describeFault(fault), dcs)}`,
    ),
    `then    ${recoverySeconds} s to recover; in the last ${steadyState.seconds} of them the same must hold`,
    'stop at once, and undo everything, when',
    ...abortWhen.map(
      ({ metric, is, overSeconds, forSeconds }) =>
        `          ${metric} ${is}, over ${overSeconds} s, for ${forSeconds} s`,
    ),
    ...(abortWhen.length === 0 ? ['          (never: it has no abort conditions)'] : []),
    'touches',
    ...blast.map((step) => `  ${blastLine(step, dcs)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function blastLine(step: BlastStepResult, dcs: DcNames): string {
  const length = step.toSeconds - step.fromSeconds;
  const parts = [
    step.lost.length > 0 && `${step.lost.map((dc) => nameOf(dc, dcs)).join(', ')} out of reach`,
    step.cutPairs.length > 0 &&
      `no link ${step.cutPairs.map((pair) => pair.map((dc) => nameOf(dc, dcs)).join('–')).join(', ')}`,
    `${percent(step.usersWithoutHome)} of users without their home`,
    `${percent(step.usersTouched)} touched`,
    `${step.largestGroup} of ${dcs.length} datacentres together`,
  ].filter((part) => part !== false);
  const when = seconds(step.fromSeconds, length);
  return wrapped(parts.join(', '), PLAN_WIDTH - INDENT.length)
    .map((line, index) => `${index === 0 ? when.padEnd(INDENT.length) : INDENT}${line}`)
    .join('\n  ');
}

function seconds(from: number, length: number): string {
  return `${from} to ${from + length} s`.padEnd(12);
}

/** "DC 3" becomes "Dubai (DC 3)". */
function named(text: string, dcs: DcNames): string {
  return text.replace(/\bDC (\d+)\b/g, (whole, id: string) => {
    const name = dcs.find((dc) => dc.id === Number(id))?.name;
    return name === undefined ? whole : `${name} (DC ${id})`;
  });
}

const nameOf = (dc: number, dcs: DcNames): string =>
  dcs.find(({ id }) => id === dc)?.name ?? `DC ${dc}`;

const percent = (share: number): string => `${Math.round(share * 100)} %`;
