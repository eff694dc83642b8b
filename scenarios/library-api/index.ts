/**
 * The package as a library: runs scenarios and drills in this process, and compares what came out.
 *
 *     import { run, scenario } from 'quincunx';
 *
 *     const result = await run('dc-outage', { worlds: ['model'], seed: 7 });
 *     result.verdict                                   // 'held'
 *     result.metrics.model?.['delivery_latency']       // { p50: ..., p99: ..., ... }
 *     await writeFile('results.json', JSON.stringify(result));
 *
 * Only the small part that decides nothing is here; the rest is loaded when it is called, so that a
 * scenario file that imports the package stays light and still loads on an old Node.
 */
import type { DrillInput } from '../../chaos/drill.ts';
import type { Comparison } from '../../reports/compare/comparison.ts';
import type { Scenario, ScenarioInput } from '../define.ts';
import type { Compared, CompareSettings } from './compare-here.ts';
import type { RunResult } from './result.ts';
import type { DrillSettings, RunSettings } from './settings.ts';

/** The Node that Quincunx is tested with: [major, minor], at least. */
const NODE_MIN = [24, 12] as const;

/**
 * Runs a scenario through its worlds and judges it: a name of the library, the path of a file, or a
 * value.
 *
 * Resolves with a result whatever the verdict is. Rejects with `SettingsError`, `ScenarioError` or
 * `ScenarioLoadError` (each with `problems`, all of them at once) before anything runs, and with
 * `WorldFailure` when a world fails or `signal` is aborted.
 *
 *     await run('dc-outage', { worlds: ['cluster'], seed: 'tonight' });
 *     await run('./my-outage.ts');
 *     await run(scenario({ name: 'mine', ... }), { worlds: ['model'] });
 */
export async function run(
  what: string | ScenarioInput | Scenario,
  settings: RunSettings = {},
): Promise<RunResult> {
  checkNode('run');
  return (await import('./run-here.ts')).runHere(what, settings);
}

/**
 * Breaks something on purpose, undoes it, and judges: a name of the library, the path of a file, or
 * a value. A steady state that is not there is a result, "undecided". Rejects as `run` does.
 *
 *     await drill('dc-loss', { worlds: ['cluster'] });
 */
export async function drill(
  what: string | DrillInput,
  settings: DrillSettings = {},
): Promise<RunResult> {
  checkNode('drill');
  return (await import('./run-here.ts')).drillHere(what, settings);
}

/**
 * Tells a regression from noise: runs of one scenario before and after a change. Several runs a
 * side, with different seeds, tell more than one. Throws `SettingsError` where they do not belong
 * together.
 *
 *     (await compare(before, after)).verdict   // 'same', 'regression', 'improvement', ...
 */
export async function compare(
  a: Compared | readonly Compared[],
  b: Compared | readonly Compared[],
  settings: CompareSettings = {},
): Promise<Comparison> {
  checkNode('compare');
  return (await import('./compare-here.ts')).compareHere(a, b, settings);
}

function checkNode(call: string): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  throw new Error(
    `${call}() needs Node ${NODE_MIN.join('.')} or newer; this is Node ${process.versions.node}. ` +
      "The package brings one: node_modules/.bin/node, which 'npx' and npm scripts use",
  );
}
