/**
 * Says what the charts of report.html show, from the results embedded in it; chart.js draws them.
 * Plain JavaScript, as it runs in the reader's browser as it stands, after uPlot and chart.js.
 */
(() => {
  const uPlot = globalThis.uPlot;
  const { draw, logRange, redrawAll, timeAxis } = globalThis.reportCharts;
  const { amount, axisMilliseconds, digits, milliseconds } = globalThis.reportCharts;
  const heat = globalThis.reportHeat;
  const results = JSON.parse(document.getElementById('results').textContent);

  /** More points than this in one line are thinned for drawing; no screen is wider. */
  const TIMELINE_POINTS_MAX = 2000;
  /** Percentile axis ends at 99.999 %: five powers of ten. */
  const PERCENTILE_NINES_MAX = 5;
  /** A heatmap shows a decade of latency at least. */
  const HEAT_BANDS_MIN = 20;
  /** Drawn where the scenario itself promises nothing for same-DC pairs. */
  const DEFAULT_LIMIT_MS = 100;

  const DC_COLOURS = [
    '--c-blue',
    '--c-orange',
    '--c-green',
    '--c-purple',
    '--c-red',
    '--c-sky',
    '--c-black',
  ];
  const DASHES = [[], [7, 3], [2, 3], [7, 3, 2, 3]];
  const WORLD_STYLES = [
    { colour: '--c-blue', dash: [] },
    { colour: '--c-orange', dash: [] },
    { colour: '--c-green', dash: [7, 3] },
    { colour: '--c-purple', dash: [3, 3] },
  ];
  // ---- numbers as text -------------------------------------------------------------------

  const percentileText = (nines) => {
    const percentile = 100 - 100 * 10 ** -nines;
    return `${Number(percentile.toPrecision(nines < 1 ? 3 : Math.ceil(nines) + 3))} %`;
  };

  // ---- the charts ------------------------------------------------------------------------

  /** Joins neighbours until the line is short enough: the greatest, or the mean of rates. */
  function thin(values, join) {
    const group = Math.ceil(values.length / TIMELINE_POINTS_MAX);
    if (group <= 1) return values;
    const thinned = [];
    for (let from = 0; from < values.length; from += group) {
      const known = values.slice(from, from + group).filter((value) => value !== null);
      thinned.push(known.length === 0 ? null : join(known));
    }
    return thinned;
  }
  const greatest = (values) => values.reduce((max, value) => Math.max(max, value));
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const first = (values) => values[0];

  /** After the window nothing is due: that is no outage, so nothing is drawn where nothing came. */
  function inWindow({ timeline }, values) {
    const { seconds } = results.window;
    return values.map((value, i) =>
      value === 0 && timeline.atSeconds[i] >= seconds ? null : value,
    );
  }

  function limitOf(path) {
    for (const world of Object.values(results.worlds)) {
      for (const slo of world.slos) {
        const judged =
          slo.metric.startsWith('delivery_latency{') && slo.metric.includes(`path:${path}`);
        if (judged && slo.unit === 'ms' && slo.operator.startsWith('<')) {
          return { value: slo.limit, text: `${slo.threshold} promised` };
        }
      }
    }
    return path === 'same_dc'
      ? { value: DEFAULT_LIMIT_MS, text: `${DEFAULT_LIMIT_MS} ms` }
      : undefined;
  }

  const LATENCY_LINES = [
    {
      path: 'same_dc',
      percentile: 'p50',
      label: 'same DC p50',
      colour: '--c-blue',
      dash: [2, 3],
      width: 1.25,
    },
    {
      path: 'same_dc',
      percentile: 'p99',
      label: 'same DC p99',
      colour: '--c-blue',
      dash: [],
      width: 2,
    },
    {
      path: 'cross_dc',
      percentile: 'p99',
      label: 'cross DC p99',
      colour: '--c-green',
      dash: [],
      width: 1.5,
    },
    {
      path: 'outage',
      percentile: 'p99',
      label: 'outage p99',
      colour: '--c-purple',
      dash: [7, 3],
      width: 1.75,
    },
  ];

  const latencyOf = (world, line) =>
    world.timeline.trends[`delivery_latency{path:${line.path}}`]?.[line.percentile];

  /** One range for all worlds, so that they can be compared at a glance. */
  const [latencyMin, latencyMax] = logRange(
    Object.values(results.worlds).flatMap((world) =>
      LATENCY_LINES.map((line) => latencyOf(world, line) ?? []),
    ),
    limitOf('same_dc').value,
  );
  /** With room above for the names of faults. */
  const latencyRange = [latencyMin, latencyMax * 2];

  const sum = (lists) => {
    const present = lists.filter((list) => list !== undefined);
    if (present.length === 0) return undefined;
    return present[0].map((_, index) => present.reduce((total, list) => total + list[index], 0));
  };

  function overTime(name) {
    const world = results.worlds[name];
    const { atSeconds, bucketSeconds } = world.timeline;
    return {
      world,
      base: {
        x: thin(atSeconds, first),
        xName: 'at',
        ...timeAxis(atSeconds.length * bucketSeconds),
        faults: world.faults.map((fault) => ({
          ...fault,
          description: nameDatacentres(fault.description),
        })),
        sync: 'timeline',
      },
    };
  }

  /** A line for each station: the fullest DC, or what waits at all of them. */
  function ofStations(name, metric, text) {
    const { world, base } = overTime(name);
    const { levels } = world.timeline;
    const keys = Object.keys(levels).filter((key) => key.startsWith(`${metric}{station:`));
    const lines = keys.map((key, index) => ({
      label: key.slice(`${metric}{station:`.length, -1).replace('_', ' '),
      values: thin(levels[key], greatest),
      colour: DC_COLOURS[index % DC_COLOURS.length],
      dash: DASHES[index % DASHES.length],
    }));
    return { ...base, lines, yText: text, yAxisText: text };
  }

  const makers = {
    latency(name) {
      const { world, base } = overTime(name);
      const lines = LATENCY_LINES.filter((line) => latencyOf(world, line)).map((line) => ({
        ...line,
        values: thin(latencyOf(world, line), greatest),
      }));
      const sameDc = limitOf('same_dc');
      return {
        ...base,
        lines,
        log: true,
        yRange: latencyRange,
        yText: milliseconds,
        yAxisText: axisMilliseconds,
        limit: { ...sameDc, text: `same DC: ${sameDc.text}` },
        spanGaps: lines.length > 0 && world.messages < 50 * world.timeline.atSeconds.length,
      };
    },
    rates(name) {
      const { world, base } = overTime(name);
      const { rates, trends, bucketSeconds } = world.timeline;
      const acked = sum(
        ['stored', 'queued'].map((ack) => trends[`ack_latency{ack:${ack}}`]?.count),
      )?.map((count) => count / bucketSeconds);
      const lines = [
        { label: 'due', values: rates['messages_offered'], colour: '--c-black', dash: [2, 3] },
        { label: 'acknowledged', values: acked, colour: '--c-orange', dash: [7, 3] },
        {
          label: 'queued',
          values: rates['writes_queued'],
          colour: '--c-red',
          dash: [],
          fill: true,
        },
        {
          label: 'delivered',
          values: rates['messages_delivered'],
          colour: '--c-blue',
          dash: [],
          width: 2,
        },
      ]
        .filter((line) => line.values)
        .map((line) => ({ ...line, values: thin(inWindow(world, line.values), mean) }));
      return {
        ...base,
        lines,
        yText: (value) => `${amount(value)}/s`,
        yAxisText: (value) => `${amount(value)}/s`,
      };
    },
    backlog(name) {
      const { world, base } = overTime(name);
      const { levels } = world.timeline;
      const ofDc = Object.keys(levels).filter((key) => key.startsWith('backlog{dc:'));
      const keys = ofDc.length > 0 ? ofDc : Object.keys(levels).filter((key) => key === 'backlog');
      const lines = keys.map((key) => {
        const dc = /dc:(\d+)/.exec(key)?.[1];
        return {
          label: dc === undefined ? 'all' : dcName(Number(dc)),
          values: thin(levels[key], greatest),
          colour: dc === undefined ? '--c-black' : dcColour(Number(dc)),
          dash: dc === undefined ? [] : dcDash(Number(dc)),
          width: 2,
          fill: true,
        };
      });
      return { ...base, lines, yText: amount, yAxisText: amount };
    },
    utilisation: (name) => ofStations(name, 'utilisation', (value) => `${digits(value * 100)} %`),
    queues: (name) => ofStations(name, 'queue_depth', amount),
    staleness(name) {
      const { world, base } = overTime(name);
      const lines = results.datacentres
        .map(({ id }) => ({
          label: dcName(id),
          values: world.timeline.levels[`staleness{dc:${id}}`],
          colour: dcColour(id),
          dash: dcDash(id),
        }))
        .filter((line) => line.values)
        .map((line) => ({ ...line, values: thin(line.values, greatest) }));
      const seconds = (value) => (value < 1 ? `${digits(value * 1000)} ms` : `${digits(value)} s`);
      return { ...base, lines, yText: seconds, yAxisText: seconds };
    },
    datacentres(name) {
      const { world, base } = overTime(name);
      const lines = results.datacentres
        .map(({ id }) => ({
          label: dcName(id),
          values: world.timeline.rates[`messages_delivered{dc:${id}}`],
          colour: dcColour(id),
          dash: dcDash(id),
        }))
        .filter((line) => line.values)
        .map((line) => ({ ...line, values: thin(line.values, mean) }));
      return {
        ...base,
        lines,
        yText: (value) => `${amount(value)}/s`,
        yAxisText: (value) => `${amount(value)}/s`,
      };
    },
    percentiles(path) {
      const key = `delivery_latency{path:${path}}`;
      const worlds = Object.entries(results.worlds).filter(([, world]) => world.percentiles[key]);
      const curves = worlds.map(([, world]) =>
        curveOf(world.percentiles[key], world.metrics[key].count),
      );
      const joined = curves.length > 1 ? uPlot.join(curves) : curves[0];
      const [x, ...columns] = joined ?? [[]];
      const names = Object.keys(results.worlds);
      const lines = worlds.map(([name], index) => ({
        label: name,
        values: columns[index],
        width: 2,
        ...WORLD_STYLES[names.indexOf(name) % WORLD_STYLES.length],
      }));
      const last = x.length === 0 ? 1 : Math.max(2, Math.floor(x[x.length - 1]));
      const nines = Array.from({ length: last + 1 }, (_, index) => index);
      const limit = limitOf(path);
      return {
        x,
        xName: 'percentile',
        xText: (value) => (value === 0 ? '' : percentileText(value)),
        xValue: percentileText,
        xSplits: [nines[0], Math.log10(2), ...nines.slice(1)],
        xLabel: 'percentile, log of what is left',
        lines,
        log: true,
        yRange: logRange(columns, limit?.value),
        yText: milliseconds,
        yAxisText: axisMilliseconds,
        limit,
        spanGaps: true,
        sync: 'percentiles',
      };
    },
  };

  /** Worlds are drawn to one range of latency, so that they can be compared at a glance. */
  function heatOf(name, series) {
    const path = /\{path:(\w+)\}/.exec(series)?.[1];
    const limit = path && limitOf(path);
    const { edgesMs: edges, columnSeconds, columns } = results.worlds[name].timeline.heat;
    let [low, high] = [edges.length - 1, 0];
    for (const world of Object.values(results.worlds)) {
      for (const pairs of world.timeline.heat?.columns[series] ?? []) {
        for (let i = 0; i < pairs.length; i += 2) {
          low = Math.min(low, pairs[i]);
          high = Math.max(high, pairs[i]);
        }
      }
    }
    if (limit !== undefined) {
      const band = edges.findLastIndex((edge) => edge <= limit.value);
      [low, high] = [Math.min(low, band), Math.max(high, band)];
    }
    const missing = Math.max(0, HEAT_BANDS_MIN - (high - low + 1));
    low = Math.max(0, low - Math.ceil(missing / 2));
    high = Math.min(edges.length - 1, Math.max(high, low + HEAT_BANDS_MIN - 1) + 3);
    const { faults, xValue: seconds, ...axis } = overTime(name).base;
    return {
      ...{ columns: columns[series], columnSeconds, edges, low, high, faults, limit, seconds },
      ...{ amount, milliseconds, axisMilliseconds, axis },
    };
  }

  /**
   * [percentile, value] to x = nines of the percentile; the maximum stands where it is one sample.
   */
  function curveOf(points, count) {
    const x = [];
    const y = [];
    for (const [percentile, value] of points) {
      const nines = percentile >= 100 ? Math.log10(count) : -Math.log10(1 - percentile / 100);
      if (nines > PERCENTILE_NINES_MAX) break;
      if (x.length > 0 && nines <= x[x.length - 1]) continue;
      x.push(nines);
      y.push(value);
    }
    return [x, y];
  }

  const nameDatacentres = (text) =>
    text.replace(/\bDC (\d{1,2})\b/g, (whole, id) => {
      const site = results.datacentres.find((candidate) => candidate.id === Number(id));
      return site ? `${whole} (${site.name})` : whole;
    });
  const dcName = (id) => {
    const site = results.datacentres.find((candidate) => candidate.id === id);
    return site ? `${id} ${site.name}` : `DC ${id}`;
  };
  const dcDash = (id) => {
    const index = results.datacentres.findIndex((candidate) => candidate.id === id);
    return DASHES[Math.max(0, index) % DASHES.length];
  };
  const dcColour = (id) => {
    const index = results.datacentres.findIndex((candidate) => candidate.id === id);
    return DC_COLOURS[Math.max(0, index) % DC_COLOURS.length];
  };

  // ---- the page --------------------------------------------------------------------------

  const figures = [...document.querySelectorAll('figure[data-chart]')];
  for (const figure of figures) {
    const { chart: kind, key, series } = figure.dataset;
    if (kind === 'heat') heat.draw(figure, heatOf(key, series));
    else draw(figure, makers[kind](key));
  }

  const buttons = [...document.querySelectorAll('.chooser button')];
  for (const button of buttons) {
    button.addEventListener('click', () => {
      const { show } = button.dataset;
      for (const other of buttons) other.setAttribute('aria-pressed', String(other === button));
      for (const figure of figures) {
        if (figure.dataset.chart === 'percentiles') continue;
        figure.hidden = show !== 'all' && figure.dataset.key !== show;
      }
    });
  }

  const redraw = () => {
    redrawAll();
    heat.redrawAll();
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  // Paper is always light: the lines are drawn anew in the colours that then hold.
  matchMedia('print').addEventListener('change', redraw);
})();
