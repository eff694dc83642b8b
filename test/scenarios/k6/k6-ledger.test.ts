/** k6's output, line by line, as a ledger; and what is lost or out of order in it. */
import { expect, test } from 'vitest';
import { disordered, K6Ledger, lostOf } from '../../../scenarios/k6/k6-ledger.ts';

const point = (
  metric: string,
  value: number,
  metadata: Record<string, string> = {},
  tags: Record<string, string> = {},
): string => {
  const time = '2026-11-21T21:33:45.009007232Z';
  return JSON.stringify({ metric, type: 'Point', data: { time, value, tags, metadata } });
};

test('the samples of a message come together, whatever their order', () => {
  const ledger = new K6Ledger([
    [3, 4],
    [5, 6],
  ]);
  const about = { n: '1', at: '250.5' };
  for (const line of [
    '{"type":"Metric","data":{"name":"ack_latency"},"metric":"ack_latency"}',
    point('delivery_latency', 90, { ...about, id: '17' }, { path: 'same_dc' }),
    point('http_req_duration', 12),
    point('generator_lag', 2, about),
    point('ack_latency', 40, about, { ack: 'queued' }),
    point('stored_at', 1_001_000, { n: '1' }),
    point('window_start', 1_000_000),
    point('warmup_ack_latency', 5, { n: '0', at: '-100' }, { ack: 'stored' }),
    point('dropped_iterations', 3),
    point('dropped_iterations', 4),
    'not JSON at all',
  ]) {
    ledger.take(line);
  }
  expect(ledger.totals).toMatchObject({ dropped_iterations: 7, script_errors: 0 });
  expect(ledger.lags).toEqual([{ lagMs: 2, atSeconds: 0.2505 }]);
  expect(ledger.entries).toMatchObject([
    { id: 0, sender: 3, recipient: 4, measured: false, ackedMs: -95, storedMs: -95 },
    {
      ...{ id: 1, sender: 5, recipient: 6, measured: true, dueMs: 250.5, sentMs: 252.5 },
      ...{ ack: 'queued', ackedMs: 290.5, storedMs: 1_000, deliveredMs: 340.5, deliveredId: 17 },
    },
  ]);
  expect(lostOf(ledger.entries).map(({ id }) => id)).toEqual([0]);
});

/** Messages of one chat: sent, acknowledged, id in the recipient's box. */
function chatOf(messages: readonly (readonly [number, number, number])[]): K6Ledger {
  const ledger = new K6Ledger([[0, 1]]);
  messages.forEach(([sentMs, ackedMs, id], n) => {
    const about = { n: String(n), at: '0' };
    ledger.take(point('generator_lag', sentMs, about));
    ledger.take(point('ack_latency', ackedMs, about, { ack: 'stored' }));
    ledger.take(point('delivery_latency', ackedMs, { ...about, id: String(id) }));
  });
  return ledger;
}

test.each([
  [
    'in order',
    [
      [0, 10, 1],
      [20, 30, 2],
      [40, 50, 3],
    ],
    0,
  ],
  [
    'the second before the first',
    [
      [0, 10, 2],
      [20, 30, 1],
    ],
    1,
  ],
  [
    'under way together',
    [
      [0, 30, 2],
      [20, 40, 1],
    ],
    0,
  ],
  [
    'sent in the millisecond of the answer',
    [
      [0, 10, 2],
      [10, 20, 1],
    ],
    0,
  ],
  [
    'one behind two',
    [
      [0, 10, 2],
      [20, 30, 3],
      [40, 50, 1],
    ],
    1,
  ],
] as const)('%s', (_name, messages, count) => {
  expect(disordered(chatOf(messages).entries)).toBe(count);
});
