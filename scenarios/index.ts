/**
 * What `import ... from 'quincunx'` gives to a scenario file: everything needed to write one down,
 * and nothing that runs it.
 */
export type { DcLoss, Fault, Partition, SlowLink } from '../chaos/plan.ts';
export type { MetricName } from '../reports/metrics.ts';
export type { SloMap } from '../reports/slo.ts';
export type { LinkOverride, Site, Topology } from '../system-under-test/topology.ts';
export {
  type Scenario,
  ScenarioError,
  type ScenarioInput,
  scenario,
  type Traffic,
  type Window,
  WORLD_NAMES,
  type WorldName,
  type WorldSize,
} from './define.ts';
