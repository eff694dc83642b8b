/** The script of a scenario as one JavaScript file, which plain `k6 run` takes. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { ScriptPlan } from './plan.ts';

export async function bundleScript(plan: ScriptPlan): Promise<string> {
  const entry = new URL(`./script${extname(import.meta.url)}`, import.meta.url);
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    external: ['k6', 'k6/*'],
    define: { QUINCUNX_PLAN: JSON.stringify(plan) },
    banner: { js: `// ${plan.scenario}, seed ${plan.seed}: made by quincunx k6` },
    logLevel: 'silent',
  });
  const [file] = outputFiles;
  if (!file) throw new Error('esbuild wrote nothing');
  return file.text;
}
