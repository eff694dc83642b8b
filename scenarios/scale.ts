/**
 * A scenario at 1:N: the cluster and the live world get one person in N of the planet, writing as
 * much as people do. The model always carries everyone.
 */
import { loadOf } from '../sim/traffic/scenario-load.ts';
import { type Scenario, type ScenarioInput, scenario } from './define.ts';
import { loadInput } from './load-input.ts';

const SEED = 'scale';

/** Throws `ScenarioError` when that leaves too few people, or more than a machine can carry. */
export function atScale(whole: Scenario, n: number): Scenario {
  const { traffic, window } = whole;
  // The seed decides when a burst's posts come; their number in the mean is all that is asked here.
  const load = loadOf(loadInput(whole, SEED));
  let messages = 0;
  const seconds = Math.ceil(window.seconds);
  for (let second = 0; second < seconds; second++) messages += load.planetRate(second);
  const size = {
    users: Math.round(traffic.users / n),
    messagesPerSecond: messages / seconds / n,
  };
  const worlds = { cluster: size, live: { ...whole.worlds.live, ...size } };
  const input: ScenarioInput = { ...whole, worlds };
  return scenario(input);
}
