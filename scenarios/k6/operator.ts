/**
 * The same script on many machines: a ConfigMap with it and a TestRun for k6-operator
 * (k6.io/v1alpha1). Tokens stay out of both: the data file becomes a Secret, by the command that
 * the manifest begins with. Latencies between machines are as good as their clocks agree.
 */
import { stringify } from 'yaml';
import { iterationsOf } from './due.ts';
import type { ScriptPlan } from './plan.ts';

/** A ConfigMap holds no more (Kubernetes: 1 MiB with its keys). */
export const CONFIG_MAP_BYTES_MAX = 1_000_000;
export const PARALLELISM_MAX = 1_000;

const FOLDER = '/quincunx';

export interface TestRunManifest {
  readonly configMap: Readonly<Record<string, unknown>>;
  readonly testRun: Readonly<Record<string, unknown>>;
}

export function testRunOf(
  plan: ScriptPlan,
  script: string,
  parallelism: number,
  run: string,
): TestRunManifest {
  const bytes = new TextEncoder().encode(script).length;
  if (bytes > CONFIG_MAP_BYTES_MAX) {
    throw new Error(`the script has ${bytes} bytes; a ConfigMap takes ${CONFIG_MAP_BYTES_MAX}`);
  }
  const name = `quincunx-${plan.scenario}`.slice(0, 63).replace(/-+$/, '');
  const labels = { 'app.kubernetes.io/name': 'quincunx', 'quincunx/scenario': plan.scenario };
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels },
    data: { 'script.js': script },
  };
  const testRun = {
    apiVersion: 'k6.io/v1alpha1',
    kind: 'TestRun',
    metadata: { name, labels },
    spec: {
      parallelism,
      script: { configMap: { name, file: 'script.js' } },
      runner: {
        env: [
          { name: 'QUINCUNX_DATA', value: `${FOLDER}/data.json` },
          // The same for all runners, another for each run.
          { name: 'QUINCUNX_RUN', value: run },
          { name: 'K6_NO_USAGE_REPORT', value: 'true' },
        ],
        volumes: [{ name: 'data', secret: { secretName: `${name}-data` } }],
        volumeMounts: [{ name: 'data', mountPath: FOLDER, readOnly: true }],
      },
    },
  };
  return { configMap, testRun };
}

/** The documents as one YAML file; `run` is 8 hex digits, not all 0. */
export function manifestText(
  plan: ScriptPlan,
  script: string,
  parallelism: number,
  run: string,
): string {
  const { configMap, testRun } = testRunOf(plan, script, parallelism, run);
  const { name } = testRun['metadata'] as { name: string };
  const lines = [
    `# ${plan.scenario}: ${iterationsOf(plan.schedule)} messages, shared by ${parallelism} runners of k6-operator.`,
    '# First, with the file that `quincunx k6 --data` wrote:',
    `#   kubectl create secret generic ${name}-data --from-file=data.json`,
    '# Change QUINCUNX_RUN (8 hex digits, not all 0) for each further run.',
    '# Each runner judges the thresholds by its own samples. One alone cannot know what was lost:',
    '# writes_lost adds up to 0 over all of them, where their outputs are collected.',
  ];
  return `${lines.join('\n')}\n${stringify(configMap)}---\n${stringify(testRun)}`;
}
