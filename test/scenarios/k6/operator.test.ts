/** The manifest for k6-operator: by the fields of its custom resource that it uses. */
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { bundleScript } from '../../../scenarios/k6/bundle.ts';
import { manifestText, testRunOf } from '../../../scenarios/k6/operator.ts';
import { scriptPlan } from '../../../scenarios/k6/plan.ts';
import dcOutage from '../../../scenarios/library/dc-outage.ts';

const plan = scriptPlan(dcOutage, '1');
const name = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/); // RFC 1123 label
const labels = z.record(
  z.string().regex(/^([a-z0-9.-]+\/)?[A-Za-z0-9._-]{1,63}$/),
  z.string().regex(/^[A-Za-z0-9._-]{1,63}$/),
);
const metadata = z.strictObject({ name, labels });

/** api/v1alpha1/testrun_types.go of k6-operator 1.x, as far as it is used. */
const TEST_RUN = z.strictObject({
  apiVersion: z.literal('k6.io/v1alpha1'),
  kind: z.literal('TestRun'),
  metadata,
  spec: z.strictObject({
    parallelism: z.int32().positive(),
    script: z.strictObject({ configMap: z.strictObject({ name, file: z.string() }) }),
    runner: z.strictObject({
      env: z.array(z.strictObject({ name: z.string(), value: z.string() })),
      volumes: z.array(z.strictObject({ name, secret: z.strictObject({ secretName: name }) })),
      volumeMounts: z.array(
        z.strictObject({ name, mountPath: z.string().startsWith('/'), readOnly: z.literal(true) }),
      ),
    }),
  }),
});
const CONFIG_MAP = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('ConfigMap'),
  metadata,
  data: z.record(z.string().regex(/^[-._a-zA-Z0-9]+$/), z.string()),
});

test('two documents, each as its resource wants it, and no token in either', async () => {
  const script = await bundleScript(plan);
  const documents = parseAllDocuments(manifestText(plan, script, 4, '00c0ffee'));
  const [configMap, testRun] = documents.map((document) => document.toJS() as unknown);
  expect(documents).toHaveLength(2);
  const map = CONFIG_MAP.parse(configMap);
  const { spec, metadata: run } = TEST_RUN.parse(testRun);
  expect(spec.parallelism).toBe(4);
  expect(spec.script.configMap.name).toBe(map.metadata.name);
  expect(map.data[spec.script.configMap.file]).toBe(script);
  expect(run.name).toBe('quincunx-dc-outage');
  const variables = Object.fromEntries(spec.runner.env.map((each) => [each.name, each.value]));
  expect(variables).toMatchObject({
    QUINCUNX_RUN: '00c0ffee',
    QUINCUNX_DATA: `${spec.runner.volumeMounts[0]?.mountPath}/data.json`,
  });
  expect(JSON.stringify(map)).not.toMatch(/qx_[A-Za-z0-9_-]{43}/);
});

test('a script that a ConfigMap cannot hold is refused', () => {
  expect(() => testRunOf(plan, 'x'.repeat(1_000_001), 1, '00000001')).toThrow('1000001 bytes');
});
