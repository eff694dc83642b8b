/**
 * What `import ... from 'quincunx'` gives: everything needed to write a scenario down, and, for
 * programs and tests, `run`, `drill` and `compare`, whose machinery is loaded when they are called.
 */

export type { DrillInput } from '../chaos/drill.ts';
export type { DcLoss, Fault, Partition, SlowLink } from '../chaos/plan.ts';
export type { Comparison, ComparisonVerdict } from '../reports/compare/comparison.ts';
export type { Summary } from '../reports/measurements.ts';
export type { MetricName } from '../reports/metrics.ts';
export type { ResultsDocument, WorldResult } from '../reports/results.ts';
export type { SloMap, SloResult, Verdict } from '../reports/slo.ts';
export type { AbortingThreshold, SloThreshold } from '../reports/slo-threshold.ts';
export type { Conversations } from '../sim/traffic/conversations.ts';
export type { Kind, Mix, MixName } from '../sim/traffic/kinds.ts';
export type { SeriesPoint } from '../sim/traffic/series.ts';
export type { Shape } from '../sim/traffic/shapes/index.ts';
export type {
  Driver,
  DriverConnection,
  DriverEvents,
  DriverMessage,
  DriverRun,
  DriverUser,
} from '../sim/users/driver.ts';
export type { LinkOverride, Site, Topology } from '../system-under-test/topology.ts';
export type { Capability } from './capabilities.ts';
export {
  type Expected,
  type Scenario,
  ScenarioError,
  type ScenarioInput,
  scenario,
  WORLD_NAMES,
  type WorldName,
  type WorldSize,
} from './define.ts';
export type { Compared, CompareSettings } from './library-api/compare-here.ts';
export { compare, drill, run } from './library-api/index.ts';
export type { ByWorld, JudgedSlo, ReportFormat, RunResult } from './library-api/result.ts';
export type {
  CommonSettings,
  DrillSettings,
  RunSettings,
  SettingsError,
} from './library-api/settings.ts';
export type { WorldFailure } from './run.ts';
export type { ScenarioLoadError } from './source-file.ts';
export type { SeriesFile, Traffic, Window } from './traffic-fields.ts';
