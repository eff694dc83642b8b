/** The end of a run as the script prints it: each threshold, its value, and whether it held. */
import type { ScriptPlan } from './plan.ts';

interface Metric {
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

export function summaryText(data: unknown, plan: ScriptPlan): string {
  const { metrics } = data as { readonly metrics: Readonly<Record<string, Metric>> };
  const lines = [`${plan.scenario}, seed ${plan.seed}`];
  for (const [name, { values, thresholds = {} }] of Object.entries(metrics)) {
    for (const [threshold, { ok }] of Object.entries(thresholds)) {
      const key = /^[^<>=!]+/.exec(threshold)?.[0] ?? '';
      const value = values[key];
      const shown = value === undefined ? '' : `   ${Math.round(value * 100) / 100}`;
      lines.push(`  ${ok ? 'held  ' : 'BROKEN'}  ${name} ${threshold}${shown}`);
    }
  }
  for (const [name, { values }] of Object.entries(metrics)) {
    if (!/^(delivery_latency|ack_latency|generator_lag)$/.test(name)) continue;
    const parts = ['med', 'p(99)', 'max'].map((each) => `${each} ${values[each] ?? '-'} ms`);
    lines.push(`  ${name}: ${parts.join(', ')}`);
  }
  for (const slo of plan.notJudged) lines.push(`  not judged by k6 itself: ${slo}`);
  return `${lines.join('\n')}\n`;
}
