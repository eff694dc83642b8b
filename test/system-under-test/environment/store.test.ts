import { describe } from 'vitest';
import { storeArms } from './arms.ts';
import { storeConformance } from './store-conformance.ts';

describe.each(storeArms)('store, $name', storeConformance);
