/**
 * metrics.prom: the OpenMetrics text format 1.0, for Prometheus and whatever reads it. Trends are
 * histograms in seconds with buckets, counters end in _total, and verdicts are a gauge: 1 held,
 * 0 broken, NaN undecided. Only series of one tag appear, since Prometheus adds labels up itself:
 * a metric with two tags is given by each of them under its own name (…_by_path, …_by_dc).
 */
import { METRICS, type MetricName } from '../metrics.ts';
import type { ResultsDocument, WorldResult } from '../results.ts';
import type { Verdict } from '../slo.ts';
import { definitionOf, parseSelection, type Tags } from '../tags.ts';

const VERDICT_VALUES: Readonly<Record<Verdict, string>> = {
  held: '1',
  broken: '0',
  undecided: 'NaN',
};

interface Family {
  readonly name: string;
  readonly type: 'histogram' | 'counter' | 'gauge';
  readonly unit: string;
  readonly help: string;
  readonly lines: string[];
}

export function renderOpenMetrics(results: ResultsDocument): string {
  const families = new Map<string, Family>();
  for (const [world, result] of Object.entries(results.worlds)) {
    const common = { scenario: results.scenario, world };
    addVerdicts(families, common, result);
    for (const key of Object.keys(result.metrics)) addMetric(families, common, key, result);
  }
  const lines = [...families.values()].flatMap(({ name, type, unit, help, lines: samples }) => [
    `# TYPE ${name} ${type}`,
    ...(unit === '' ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escapeHelp(help)}`,
    ...samples,
  ]);
  return `${[...lines, '# EOF'].join('\n')}\n`;
}

function familyOf(families: Map<string, Family>, family: Omit<Family, 'lines'>): Family {
  const known = families.get(family.name);
  if (known) return known;
  const made = { ...family, lines: [] };
  families.set(family.name, made);
  return made;
}

function addVerdicts(families: Map<string, Family>, common: Tags, world: WorldResult): void {
  const family = familyOf(families, {
    name: 'quincunx_slo_held',
    type: 'gauge',
    unit: '',
    help: '1 where the threshold held, 0 where it was broken, NaN where that is undecided',
  });
  for (const { metric, threshold, verdict } of world.slos) {
    family.lines.push(
      `quincunx_slo_held${labels({ ...common, metric, threshold })} ${VERDICT_VALUES[verdict]}`,
    );
  }
}

function addMetric(
  families: Map<string, Family>,
  common: Tags,
  key: string,
  world: WorldResult,
): void {
  const selection = parseSelection(key)!;
  const metric = selection.metric as MetricName;
  const definition = definitionOf(metric);
  const tagNames = Object.keys(definition.tags);
  const given = Object.keys(selection.tags);
  // With one tag its parts are the metric; the whole is shown apart only where there are no parts.
  const parts = Object.keys(world.metrics).some((other) => other.startsWith(`${metric}{`));
  if (given.length === 0 && parts) return;
  const apart = tagNames.length > 1 || given.includes('phase');
  const suffix = apart && given.length > 0 ? `_by_${given.join('_')}` : '';
  const own = labels({ ...common, ...selection.tags });
  const summary = world.metrics[key]!;
  if (summary.kind === 'trend') {
    const perSecond = definition.unit === 's' ? 1 : 1000;
    const name = `quincunx_${metric}${suffix}_seconds`;
    const family = familyOf(families, {
      name,
      type: 'histogram',
      unit: 'seconds',
      help: METRICS[metric].help,
    });
    for (const [limit, count] of world.buckets[key] ?? []) {
      const le = String(limit / perSecond);
      const at = labels({ ...common, ...selection.tags, le: le.includes('.') ? le : `${le}.0` });
      family.lines.push(`${name}_bucket${at} ${count}`);
    }
    const infinite = labels({ ...common, ...selection.tags, le: '+Inf' });
    family.lines.push(`${name}_bucket${infinite} ${summary.count}`);
    family.lines.push(`${name}_count${own} ${summary.count}`);
    family.lines.push(`${name}_sum${own} ${(summary.mean * summary.count) / perSecond}`);
  } else if (summary.kind === 'counter') {
    const name = `quincunx_${metric}${suffix}`;
    const family = familyOf(families, {
      name,
      type: 'counter',
      unit: '',
      help: METRICS[metric].help,
    });
    family.lines.push(`${name}_total${own} ${summary.count}`);
  } else {
    const unit = definition.unit === 's' ? 'seconds' : '';
    const name = `quincunx_${metric}_max${suffix}${unit === '' ? '' : '_seconds'}`;
    const help = `greatest value: ${METRICS[metric].help}`;
    familyOf(families, { name, type: 'gauge', unit, help }).lines.push(
      `${name}${own} ${summary.max}`,
    );
  }
}

function labels(tags: Tags): string {
  const parts = Object.entries(tags).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return `{${parts.join(',')}}`;
}

function escapeLabel(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replace(/\r?\n|\r/g, '\\n');
}

function escapeHelp(text: string): string {
  return escapeLabel(text);
}
