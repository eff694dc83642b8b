import { expect, test } from 'vitest';
import { RecoveryProgress } from '../../../system-under-test/datacenter/recovery-progress.ts';
import {
  StartReport,
  type StartState,
  startText,
} from '../../../system-under-test/live/start-report.ts';

const MIB = 2 ** 20;

function reporting(): { told: StartState[]; report: StartReport; pass: (ms: number) => void } {
  const told: StartState[] = [];
  let nowMs = 5_000;
  const report = new StartReport(
    (state) => told.push(state),
    () => nowMs,
  );
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { told, report, pass };
}

test('the newest state is told about once a second, and each phase of a recovery at once', () => {
  const { told, report, pass } = reporting();
  const progress = new RecoveryProgress(5, (state) => report.moved(state));
  progress.begins();
  progress.reached({ phase: 'own_domain' });
  expect(told.map(({ phase }) => phase)).toEqual(['asking', 'own_domain']);
  const entries = (): unknown[] =>
    told.slice(2).map((state) => 'entries' in state && state.entries);
  for (let page = 0; page < 30; page++) {
    pass(100);
    progress.copied(1_000);
  }
  expect(entries()).toEqual([10_000, 20_000, 30_000]);
  progress.copied(7);
  report.done();
  report.done();
  expect(entries()).toEqual([10_000, 20_000, 30_000, 30_007]);
});

test('a check of the disk is told only when it takes long', () => {
  const { told, report, pass } = reporting();
  report.checked(3 * MIB);
  pass(999);
  report.checked(3 * MIB);
  report.done();
  expect(told).toEqual([]);
  pass(1);
  report.checked(MIB);
  expect(told).toEqual([{ phase: 'checking', bytes: 7 * MIB }]);
});

test('a state in words', () => {
  const state = { domains: 5, domainsDone: 3, entries: 120_000, records: 9 };
  expect(startText(5, { phase: 'copies', ...state })).toBe(
    'DC 5 gets back what its disk has lost: 3 of 5 domains, 120,000 entries',
  );
  expect(startText(2, { phase: 'asking', ...state })).toBe(
    'DC 2 gets back what its disk has lost: it asks the others what they have',
  );
  expect(startText(1, { phase: 'checking', bytes: 2_048.9 * MIB })).toBe(
    'DC 1 checks its disk: 2,048 MiB',
  );
});
