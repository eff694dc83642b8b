/**
 * `import 'quincunx/jest'` in a test or a setup file (`setupFilesAfterEnv`): jest's global
 * `expect(result).toHoldSlos()`, with its type in `@types/jest`. See matchers.ts for what it
 * asserts. Where `expect` is imported from `@jest/globals`, extend that one:
 *
 *     import { expect } from '@jest/globals';
 *     import { matchers } from 'quincunx/matchers';
 *     expect.extend({ ...matchers });
 */
import { matchers } from './matchers.ts';

interface Extensible {
  extend(matchers: object): void;
}

const { expect } = globalThis as { readonly expect?: Extensible };
if (typeof expect?.extend !== 'function') {
  throw new Error(
    "quincunx/jest: there is no global expect; import it from '@jest/globals', and matchers from " +
      "'quincunx/matchers': expect.extend({ ...matchers })",
  );
}
expect.extend({ ...matchers });

declare global {
  // One interface with that of @types/jest, so with its type parameters.
  namespace jest {
    interface Matchers<R, T> {
      /**
       * Every SLO held, in every world that ran. The failure lists those that are broken. A run
       * that is undecided fails, with `not` as well.
       */
      toHoldSlos(): R;
    }
  }
}
