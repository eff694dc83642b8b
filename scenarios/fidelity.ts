/**
 * How finely the model looks: every message (events), or the rates of every second (flow). And how
 * long a window each can have.
 */
import { SECONDS_PER_DAY } from '../sim/core/virtual-time.ts';
import type { Scenario, WorldName } from './define.ts';

export const FIDELITIES = ['events', 'flow'] as const;
export type Fidelity = (typeof FIDELITIES)[number];

/** Longest window of every world but the model at flow fidelity. */
const SECONDS_MAX: number = SECONDS_PER_DAY;

/** What these worlds cannot do at this fidelity, one line each; to be asked before a run. */
export function fidelityProblems(
  { window }: Pick<Scenario, 'window'>,
  worlds: readonly WorldName[],
  fidelity: Fidelity,
): string[] {
  if (window.seconds <= SECONDS_MAX) return [];
  const short = worlds.filter((world) => world !== 'model' || fidelity === 'events');
  if (short.length === 0) return [];
  const days = Number((window.seconds / SECONDS_PER_DAY).toPrecision(3));
  return [
    `window.seconds: ${days} days are too long for the ${short.join(' and the ')} world; use at ` +
      `most ${SECONDS_MAX} s, or the model alone at flow fidelity ` +
      '(--world model --fidelity flow), which takes a year',
  ];
}
