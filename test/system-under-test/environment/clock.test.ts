import { describe } from 'vitest';
import { arms } from './arms.ts';
import { clockConformance } from './clock-conformance.ts';

describe.each(arms)('clock, $name', clockConformance);
