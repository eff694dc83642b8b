import { describe } from 'vitest';
import { arms } from './arms.ts';
import { storeConformance } from './store-conformance.ts';

describe.each(arms)('store, $name', storeConformance);
