/** `--scale 1:N` of commands that run a scenario. */
import { type Scenario, ScenarioError } from '../scenarios/define.ts';
import { atScale } from '../scenarios/scale.ts';
import { InvalidInput } from './exit-codes.ts';

/** The scenario's scaled worlds with one person in `scale`; as it is where that is not given. */
export function scaledTo(loaded: Scenario, scale: number | undefined): Scenario {
  if (scale === undefined) return loaded;
  try {
    return atScale(loaded, scale);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    throw new InvalidInput(error.problems.map((problem) => `--scale 1:${scale}: ${problem}`));
  }
}
