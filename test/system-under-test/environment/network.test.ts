import { describe } from 'vitest';
import { arms } from './arms.ts';
import { networkConformance } from './network-conformance.ts';

describe.each(arms)('network, $name', networkConformance);
