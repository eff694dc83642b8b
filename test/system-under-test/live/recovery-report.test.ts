import { expect, test } from 'vitest';
import {
  RecoveryProgress,
  type RecoveryState,
} from '../../../system-under-test/datacenter/recovery-progress.ts';
import { RecoveryReport, recoveryText } from '../../../system-under-test/live/recovery-report.ts';

test('the newest state is told about once a second, and each phase at once', () => {
  const told: RecoveryState[] = [];
  let nowMs = 5_000;
  const report = new RecoveryReport(
    (state) => told.push(state),
    () => nowMs,
  );
  const progress = new RecoveryProgress(5, (state) => report.moved(state));
  progress.begins();
  progress.reached({ phase: 'own_domain' });
  expect(told.map(({ phase }) => phase)).toEqual(['asking', 'own_domain']);
  for (let page = 0; page < 30; page++) {
    nowMs += 100;
    progress.copied(1_000);
  }
  expect(told.slice(2).map(({ entries }) => entries)).toEqual([10_000, 20_000, 30_000]);
  progress.copied(7);
  report.flush();
  report.flush();
  expect(told.slice(5).map(({ entries }) => entries)).toEqual([30_007]);
});

test('a state in words', () => {
  const state = { domains: 5, domainsDone: 3, entries: 120_000, records: 9 };
  expect(recoveryText(5, { phase: 'copies', ...state })).toBe(
    'DC 5 gets back what its disk has lost: 3 of 5 domains, 120,000 entries',
  );
  expect(recoveryText(2, { phase: 'asking', ...state })).toBe(
    'DC 2 gets back what its disk has lost: it asks the others what they have',
  );
});
