/** The compiled module, and instances of it. */
import { KERNEL_WASM } from './kernel.gen.ts';
import type { KernelMemory } from './memory.ts';

export interface KernelExports {
  /** Reads the plan at this address; to be called before `run`. */
  start(plan: number): void;
  /** Runs steps of a column; returns how many. */
  run(now: number, stepUs: number, steps: number, alertUs: number): number;
  /** Runs blocks of messages through one station. */
  runStation(station: number, blocks: number): void;
}

let compiled: WebAssembly.Module | undefined;

/** Compiles the module the first time in a thread. */
export function instantiate({ memory }: KernelMemory): KernelExports {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(KERNEL_WASM), (c) => c.charCodeAt(0)));
  const instance = new WebAssembly.Instance(compiled, { env: { memory } });
  return instance.exports as unknown as KernelExports;
}
