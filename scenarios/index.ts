/**
 * What `import ... from 'quincunx'` gives to a scenario file: everything needed to write one down,
 * and nothing that runs it.
 */
export type { DcLoss, Fault, Partition, SlowLink } from '../chaos/plan.ts';
export type { MetricName } from '../reports/metrics.ts';
export type { SloMap } from '../reports/slo.ts';
export type { Kind, Mix, MixName } from '../sim/traffic/kinds.ts';
export type { SeriesPoint } from '../sim/traffic/series.ts';
export type { Shape } from '../sim/traffic/shapes/index.ts';
export type { LinkOverride, Site, Topology } from '../system-under-test/topology.ts';
export {
  type Scenario,
  ScenarioError,
  type ScenarioInput,
  scenario,
  WORLD_NAMES,
  type WorldName,
  type WorldSize,
} from './define.ts';
export type { SeriesFile, Traffic, Window } from './traffic-fields.ts';
