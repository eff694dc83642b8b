/**
 * `npm test`: everything that must hold. In continuous integration the real parts are installed
 * first; on a person's machine the tests that need a missing one say so. Arguments go to vitest.
 */
import { LINT, runSteps, type Step, TYPES, tests } from './steps.ts';

const REAL_PARTS: Step = { name: 'real parts', script: 'bin/real-parts.mjs', args: ['install'] };

process.exitCode = await runSteps([
  ...(process.env['CI'] ? [REAL_PARTS] : []),
  TYPES,
  LINT,
  tests(...process.argv.slice(2)),
]);
