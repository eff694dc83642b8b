/**
 * How values, verdicts and worlds are put into words: one place, so that the terminal, the page and
 * the summary say the same. Pure; knows neither colours nor markup.
 */
import type { DrillStep, FaultResult, ResultsDocument, WorldResult } from '../results.ts';
import type { SloResult, Verdict } from '../slo.ts';

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  held: 'HELD',
  broken: 'BROKEN',
  undecided: 'UNDECIDED',
};

/** Shapes as well as colours: one in twelve men does not tell red from green. */
export const VERDICT_MARKS: Readonly<Record<Verdict, string>> = {
  held: '✓',
  broken: '✗',
  undecided: '?',
};

/** What the verdict means, for the line below it. */
export function verdictSentence(results: ResultsDocument): string {
  const worlds = Object.entries(results.worlds);
  const named = (verdict: Verdict): string =>
    worlds
      .filter(([, world]) => world.verdict === verdict)
      .map(([name]) => name)
      .join(' and ');
  switch (results.verdict) {
    case 'held':
      return worlds.length === 1
        ? `Every promise held in ${named('held')}.`
        : `Every promise held in ${named('held')
            .replaceAll(' and ', ', ')
            .replace(/, ([^,]*)$/, ' and $1')}.`;
    case 'broken':
      return `A promise was broken in ${named('broken')}.`;
    case 'undecided':
      return worlds.length === 0
        ? 'Nothing ran, so nothing is shown to hold.'
        : `Not enough is known in ${named('undecided')} to say that the promises hold.`;
  }
}

/** "66.8 ms", "1.23 s", "12,345", "0": three significant digits, thousands apart. */
export function formatValue(value: number, unit: string): string {
  switch (unit) {
    case 'ms':
      return value >= 10_000 ? `${digits(value / 1000)} s` : `${digits(value)} ms`;
    case 's':
      return `${digits(value)} s`;
    case 'per second':
      return `${formatCount(value)}/s`;
    case 'ratio':
      return `${digits(value * 100)} %`;
    case 'bytes':
      return formatBytes(value);
    case 'USD':
      return `$${formatCount(value)}`;
    default:
      return formatCount(value);
  }
}

/** "7,184" below a million, "76.1M" above. */
export function formatCount(value: number): string {
  if (value < 1000 && !Number.isInteger(value)) return digits(value);
  if (value < 1_000_000) return grouped(Math.round(value));
  const [divisor, letter] = value < 1e9 ? [1e6, 'M'] : value < 1e12 ? [1e9, 'B'] : [1e12, 'T'];
  return `${digits(value / divisor)}${letter}`;
}

const BYTE_UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const;

/** "8.25 TB": powers of a thousand, as disks and networks are sold. */
function formatBytes(value: number): string {
  let unit = 0;
  let scaled = value;
  for (; scaled >= 1000 && unit < BYTE_UNITS.length - 1; unit++) scaled /= 1000;
  return `${digits(scaled)} ${BYTE_UNITS[unit]}`;
}

/** "76,071,449": every digit. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** Three significant digits without an exponent or trailing zeros. */
export function digits(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 100) return grouped(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

/** Seconds as people say them: "48.3 s", "2 min 22 s", "1 h 5 min". */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${digits(seconds)} s`;
  const whole = Math.round(seconds);
  const [large, small, names] =
    whole < 3600
      ? [Math.floor(whole / 60), whole % 60, ['min', 's']]
      : [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), ['h', 'min']];
  return small === 0 ? `${large} ${names[0]}` : `${large} ${names[0]} ${small} ${names[1]}`;
}

/** "33% under", "20% over", or nothing where a share of the limit says nothing. */
export function marginOf(slo: SloResult): string {
  const { value, limit, operator } = slo;
  if (value === undefined || limit === 0 || operator === '==' || operator === '!=') return '';
  const share = Math.abs(value - limit) / limit;
  const text =
    share >= 10
      ? `${formatCount(value / limit)}x`
      : `${share < 0.01 ? '<1' : Math.round(share * 100)}%`;
  return `${text} ${value < limit ? 'under' : 'over'}`;
}

export function sloValue(slo: SloResult): string {
  // Of shares what is missing counts: 99.99 % is not "100 %".
  if (slo.unit === 'ratio' && slo.value !== undefined && slo.value > 0.99 && slo.value < 1) {
    return `${Number((100 * slo.value).toFixed(4))} %`;
  }
  return slo.value === undefined ? 'no data' : formatValue(slo.value, slo.unit);
}

/** "91.2 ms to 104 ms", "from 91.2 ms": the interval of a percentile. */
export function intervalText({ interval, unit }: SloResult): string {
  const { low, high } = interval ?? {};
  const least = low === undefined ? '' : formatValue(low, unit);
  if (high === undefined) return least === '' ? 'anything' : `from ${least}`;
  return least === ''
    ? `up to ${formatValue(high, unit)}`
    : `${least} to ${formatValue(high, unit)}`;
}

/** "43 % of the error budget (0.01 %) is spent; burn rate at most 3.1 over 45 s and 4 s". */
export function budgetText({ budget }: SloResult): string {
  if (budget === undefined) return '';
  const [spent, allowed] = [budget.spent, budget.allowed].map((share) =>
    formatValue(share, 'ratio'),
  );
  const rates = budget.windows.map(({ factor, longSeconds, shortSeconds, peak, alarms }) => {
    const over = `over ${formatDuration(longSeconds)} and ${formatDuration(shortSeconds)}`;
    return `${digits(peak)} ${over} (${alarms ? 'alarms' : 'no alarm'} at ${factor})`;
  });
  return `${spent} of the error budget (${allowed}) is spent; burn rate at most ${rates.join(', ')}`;
}

/** Every SLO once, with the result of each world that judged it, in the scenario's order. */
export interface SloRow {
  readonly metric: string;
  readonly threshold: string;
  readonly byWorld: ReadonlyMap<string, SloResult>;
}

export function sloRows(results: ResultsDocument): SloRow[] {
  const rows = new Map<
    string,
    { metric: string; threshold: string; byWorld: Map<string, SloResult> }
  >();
  for (const [name, world] of Object.entries(results.worlds)) {
    for (const slo of world.slos) {
      const key = `${slo.metric} ${slo.threshold}`;
      const row = rows.get(key) ?? { ...slo, byWorld: new Map() };
      row.byWorld.set(name, slo);
      rows.set(key, row);
    }
  }
  return [...rows.values()].map(({ metric, threshold, byWorld }) => ({
    metric,
    threshold,
    byWorld,
  }));
}

/** Rows of key figures: a label and a text per world; rows that no world has are left out. */
export interface FigureRow {
  readonly label: string;
  readonly values: readonly string[];
}

export function keyFigures(results: ResultsDocument): FigureRow[] {
  const rows: FigureRow[] = [];
  const worlds = Object.values(results.worlds);
  const add = (label: string, figure: (world: WorldResult) => string | undefined): void => {
    const values = worlds.map(figure);
    if (values.some((value) => value !== undefined)) {
      rows.push({ label, values: values.map((value) => value ?? '–') });
    }
  };
  const counter = (key: string) => (world: WorldResult) => {
    const summary = world.metrics[key];
    return summary?.kind === 'counter' ? formatCount(summary.count) : undefined;
  };
  const percentiles = (key: string) => (world: WorldResult) => {
    const summary = world.metrics[key];
    if (summary?.kind !== 'trend') return undefined;
    return pair(formatValue(summary.p50, summary.unit), formatValue(summary.p99, summary.unit));
  };
  const greatest = (key: string) => (world: WorldResult) => {
    const summary = world.metrics[key];
    return summary?.kind === 'gauge' ? formatValue(summary.max, summary.unit) : undefined;
  };
  const last = (key: string) => (world: WorldResult) => {
    const summary = world.metrics[key];
    return summary?.kind === 'gauge' ? formatValue(summary.last, summary.unit) : undefined;
  };
  add('messages due', (world) => formatCount(world.messages));
  add('delivered', counter('messages_delivered'));
  add('same-DC delivery p50 / p99', percentiles('delivery_latency{path:same_dc}'));
  add('cross-DC delivery p50 / p99', percentiles('delivery_latency{path:cross_dc}'));
  add('outage delivery p50 / p99', percentiles('delivery_latency{path:outage}'));
  add('post to a device p50 / p99', percentiles('post_latency'));
  add('post to its last device p50 / p99', percentiles('post_last_delivery'));
  add('stored ack p50 / p99', percentiles('ack_latency{ack:stored}'));
  add('queued ack p50 / p99', percentiles('ack_latency{ack:queued}'));
  add('writes queued', counter('writes_queued'));
  add('backlog, greatest of a DC', greatest('backlog'));
  add('drain, longest', greatest('drain_time'));
  for (const station of ['front', 'delivery', 'fan_out', 'link']) {
    add(
      `${station.replace('_', '-')} utilisation, greatest`,
      greatest(`utilisation{station:${station}}`),
    );
  }
  add('staleness of a copy, greatest', greatest('staleness'));
  add('requests refused', counter('requests_refused'));
  add('given up', counter('messages_given_up'));
  add('stored in all', last('storage_bytes'));
  add('cost of the window', last('cost'));
  add('lost', counter('writes_lost'));
  add('doubled', counter('writes_doubled'));
  add('out of order', counter('order_violations'));
  add('generator lag p50 / p99', percentiles('generator_lag'));
  add('wall time', (world) => formatDuration(world.wallSeconds));
  return rows;
}

/** "42.2 / 66.8 ms", or "990 ms / 12.5 s" where the units differ. */
function pair(left: string, right: string): string {
  const unit = right.slice(right.lastIndexOf(' '));
  return left.endsWith(unit) ? `${left.slice(0, -unit.length)} / ${right}` : `${left} / ${right}`;
}

/** "DC 4 (Mumbai)" for every DC that a text names. */
export function nameDatacentres(
  text: string,
  results: Pick<ResultsDocument, 'datacentres'>,
): string {
  return text.replace(/\bDC (\d{1,2})\b/g, (whole, id: string) => {
    const site = results.datacentres.find((candidate) => candidate.id === Number(id));
    return site ? `${whole} (${site.name})` : whole;
  });
}

/** Each planned fault once, with what every world did about it. */
export interface FaultRow {
  readonly fault: FaultResult;
  readonly byWorld: readonly { readonly world: string; readonly what: string }[];
}

export function faultRows(results: ResultsDocument): FaultRow[] {
  const rows = new Map<
    string,
    { fault: FaultResult; byWorld: { world: string; what: string }[] }
  >();
  for (const [world, { faults }] of Object.entries(results.worlds)) {
    for (const fault of faults) {
      const key = `${fault.description} ${fault.atSeconds} ${fault.forSeconds}`;
      const row = rows.get(key) ?? { fault, byWorld: [] };
      row.byWorld.push({ world, what: whatHappened(fault) });
      rows.set(key, row);
    }
  }
  return [...rows.values()];
}

function whatHappened(fault: FaultResult): string {
  if (fault.firedAtSeconds === undefined) return 'did not fire';
  const healed = fault.healedAtSeconds;
  const from = digits(fault.firedAtSeconds);
  return healed === undefined ? `from ${from} s, did not heal` : `${from}–${digits(healed)} s`;
}

/** One step of a drill: "recovered at 54 s: held". */
export function drillStepText({ name, atSeconds, verdict, why }: DrillStep): string {
  const when = `${Math.round(atSeconds * 10) / 10} s`;
  const from = name === 'recovered' ? `from ${when}` : `at ${when}`;
  return `${name} ${from}: ${VERDICT_WORDS[verdict].toLowerCase()}${why ? ` (${why})` : ''}`;
}

/** One line on the size of the run. */
export function settingLine(results: ResultsDocument): string {
  const { window, traffic } = results;
  return [
    `seed ${results.seed}`,
    `${window.date === undefined ? '' : `${window.date}, `}${window.fromUtc} UTC for ${formatDuration(window.seconds)}`,
    `${formatCount(traffic.users)} users`,
    traffic.series === undefined
      ? `${formatCount(traffic.messagesPerDay)} messages a day`
      : `rates of ${traffic.series}`,
  ].join(' · ');
}

/** Text from a scenario for a terminal: no control characters, so no escape sequences. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g, ' ');
}
