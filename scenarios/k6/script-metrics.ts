/**
 * What the script records. The names are those of the catalogue (reports/metrics.ts) where they
 * mean the same. Beside a sample, its metadata say of which message it is: they go to the outputs,
 * and cost no time series.
 */
import exec from 'k6/execution';
import { Counter, Gauge, Trend } from 'k6/metrics';

export const deliveryLatency = new Trend('delivery_latency', true);
export const deliverySamples = new Counter('delivery_latency_samples');
export const ackLatency = new Trend('ack_latency', true);
export const ackSamples = new Counter('ack_latency_samples');
export const generatorLag = new Trend('generator_lag', true);
/** The same of the warm-up, which is judged only for losses. */
export const warmupDelivery = new Trend('warmup_delivery_latency', true);
export const warmupAck = new Trend('warmup_ack_latency', true);
/**
 * One up when a message is acknowledged or given up, one down when it arrives: in the end, those
 * that did not. VUs share no memory; sums are the one thing that they have in common.
 */
export const writesLost = new Counter('writes_lost');
export const writesDoubled = new Counter('writes_doubled');
export const messagesGivenUp = new Counter('messages_given_up');
/** Exceptions, and boxes that could not be looked through in the end. */
export const scriptErrors = new Counter('script_errors');
/** Unix ms at which a queued message turned out to be stored; of which one, its metadata say. */
export const storedAt = new Gauge('stored_at');
/** Unix ms at which the measured window began. */
export const windowStart = new Gauge('window_start');

/** An exception fails a threshold: k6 itself goes on, and ends with 0. */
export function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    scriptErrors.add(1);
    throw error; // so that k6 shows it
  }
}

/** Runs `record` with metadata on every sample that it adds. */
export function about(message: Readonly<Record<string, string>>, record: () => void): void {
  const { metadata } = exec.vu.metrics;
  for (const [name, value] of Object.entries(message)) metadata[name] = value;
  try {
    record();
  } finally {
    for (const name of Object.keys(message)) delete metadata[name];
  }
}
