import { expect, test } from 'vitest';
import {
  RecoveryProgress,
  type RecoveryState,
} from '../../../system-under-test/datacenter/recovery-progress.ts';

test('what stands still is not told', () => {
  const told: RecoveryState[] = [];
  const progress = new RecoveryProgress(5, (state) => told.push(state));
  progress.reached({ phase: 'copies', domainsDone: 2, records: 10 });
  progress.reached({ phase: 'copies', domainsDone: 2, records: 10 });
  progress.copied(0);
  expect(told).toHaveLength(1);
  progress.reached({ domainsDone: 2, records: 11 });
  expect(told).toHaveLength(2);
});
