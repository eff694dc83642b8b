/** The module that is checked in is what its source compiles to. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { KERNEL_WASM } from '../../../../sim/model/kernel/kernel.gen.ts';
import { compileKernel, generatedFile } from '../../../../sim/model/kernel/kernel.generator.ts';

test('the WebAssembly module is compiled from sim/model/kernel/assembly', async () => {
  const wasm = await compileKernel();
  expect(Buffer.from(wasm).toString('base64')).toBe(KERNEL_WASM);
  const file = new URL('../../../../sim/model/kernel/kernel.gen.ts', import.meta.url);
  expect(readFileSync(file, 'utf8')).toBe(generatedFile(wasm));
}, 60_000);
