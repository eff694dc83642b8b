/** Plans for tests: a profile, or a few lines of YAML over one. */
import type { PlanDocument } from '../../../sim/capacity/document.ts';
import { makePlan, type PlanRequest } from '../../../sim/capacity/plan.ts';
import { type PlanSource, readPlan } from '../../../sim/capacity/plan-file.ts';
import { type Planet, planetOf } from '../../../sim/capacity/planet.ts';
import type { ProfileName } from '../../../sim/capacity/profiles.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { dcIds, type Topology } from '../../../system-under-test/topology.ts';

const FIVE = fiveDatacentres as unknown as Topology;
export const PLANET: Planet = planetOf(FIVE);
export const IDS: readonly number[] = dcIds(FIVE);

export function sourceOf(yaml: string, set: readonly string[] = []): PlanSource {
  const source = readPlan({ plan: { file: 'plan.yaml', text: yaml }, set, dcIds: IDS });
  if ('problems' in source) throw new Error(source.problems.join('\n'));
  return source;
}

export function profileSource(profile: ProfileName, set: readonly string[] = []): PlanSource {
  const source = readPlan({ profile, set, dcIds: IDS });
  if ('problems' in source) throw new Error(source.problems.join('\n'));
  return source;
}

export function planFrom(source: PlanSource, more: Partial<PlanRequest> = {}): PlanDocument {
  return makePlan({
    ...source,
    ...{ planet: PLANET, samples: 0, seed: '1', version: 'test', reproduce: 'a test' },
    ...more,
  });
}
