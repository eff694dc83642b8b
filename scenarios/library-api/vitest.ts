/**
 * `import 'quincunx/vitest'` in a test or a setup file: `expect(result).toHoldSlos()`, with its
 * type. See matchers.ts for what it asserts.
 */
import { expect } from 'vitest';
import { matchers } from './matchers.ts';

expect.extend({ ...matchers });

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /**
     * Every SLO held, in every world that ran. The failure lists those that are broken. A run that
     * is undecided fails, with `not` as well.
     */
    toHoldSlos(): R;
  }
}
