/** The machine that runs something, as reports name it. */
import { availableParallelism } from 'node:os';
import type { EnvironmentResult } from '../../reports/results.ts';

export function thisMachine(): EnvironmentResult {
  return {
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    cores: availableParallelism(),
  };
}
