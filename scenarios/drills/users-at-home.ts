/** Which share of all users is at home at each datacentre of a scenario. */
import { worldOf } from '../../sim/traffic/cities.ts';
import { dcIds } from '../../system-under-test/topology.ts';
import type { Scenario } from '../define.ts';

/** The shares add up to 1; a DC that is not there has none. */
export function usersAtHome({ topology, traffic }: Scenario): (dc: number) => number {
  const { cities } = worldOf(topology, traffic.users);
  const users = dcIds(topology).map((_, home) =>
    cities.reduce((sum, city) => sum + (city.home === home ? city.users : 0), 0),
  );
  const shares = new Map(dcIds(topology).map((dc, home) => [dc, users[home]! / traffic.users]));
  return (dc) => shares.get(dc) ?? 0;
}
