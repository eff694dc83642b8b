/**
 * `npm run check`: types, lint, format, the arrows between folders, tidiness.
 */
import { LINT, runSteps, TYPES, tests } from './steps.ts';

process.exitCode = await runSteps([
  TYPES,
  LINT,
  tests('test/architecture.test.ts', 'test/tidy.test.ts'),
]);
