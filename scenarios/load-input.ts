/** What the traffic generator is given for a scenario. */
import type { LoadInput } from '../sim/traffic/scenario-load.ts';
import type { Scenario } from './define.ts';
import { isFile, pointsOf } from './traffic-fields.ts';

/** Throws where the scenario names a file of rates that nobody has read (see load.ts). */
export function loadInput(scenario: Scenario, seed: string): LoadInput {
  const { topology, traffic, window } = scenario;
  const { series, ...rest } = traffic;
  const points = pointsOf(series);
  if (isFile(series) && points === undefined) {
    throw new Error(`${scenario.name}: traffic.series: ${series.file} has not been read`);
  }
  return { topology, traffic: { ...rest, series: points }, window, seed };
}
