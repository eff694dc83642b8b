/**
 * A scenario at 1:N: the cluster and the live world get one person in N of the planet, writing as
 * much as people do. The model always carries everyone.
 */

import { secondsOfDay } from '../sim/core/virtual-time.ts';
import { Activity } from '../sim/traffic/activity.ts';
import { worldOf } from '../sim/traffic/cities.ts';
import { dcIds } from '../system-under-test/topology.ts';
import { type Scenario, type ScenarioInput, scenario } from './define.ts';

/** Throws `ScenarioError` when that leaves too few people, or more than a machine can carry. */
export function atScale(whole: Scenario, n: number): Scenario {
  const { traffic, window, topology } = whole;
  const dcCount = dcIds(topology).length;
  const world = worldOf(topology, traffic.users);
  const activity = new Activity(world, dcCount, traffic.messagesPerDay);
  const from = secondsOfDay(window.fromUtc);
  let messages = 0;
  const seconds = Math.ceil(window.seconds);
  for (let second = 0; second < seconds; second++) messages += activity.planetRate(from + second);
  const size = {
    users: Math.round(traffic.users / n),
    messagesPerSecond: messages / seconds / n,
  };
  const input: ScenarioInput = { ...whole, worlds: { cluster: size, live: size } };
  return scenario(input);
}
