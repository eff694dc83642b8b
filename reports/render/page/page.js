/**
 * Draws the charts of report.html from the results embedded in it. Plain JavaScript, as it runs in
 * the reader's browser as it stands; uPlot is inlined before it. Every text goes in as text.
 */
(() => {
  const uPlot = window.uPlot;
  const results = JSON.parse(document.getElementById('results').textContent);

  /** More points than this in one line are thinned for drawing; no screen is wider. */
  const TIMELINE_POINTS_MAX = 2000;
  /** Percentile axis ends at 99.999 %: five powers of ten. */
  const PERCENTILE_NINES_MAX = 5;
  const CHART_HEIGHT = 210;
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
  const WORLD_STYLES = [
    { colour: '--c-blue', dash: [] },
    { colour: '--c-orange', dash: [] },
    { colour: '--c-green', dash: [7, 3] },
    { colour: '--c-purple', dash: [3, 3] },
  ];

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const charts = [];

  // ---- numbers as text -------------------------------------------------------------------

  const digits = (value) =>
    Math.abs(value) >= 100
      ? Math.round(value).toLocaleString('en-US')
      : String(Number(value.toPrecision(3)));
  const milliseconds = (value) =>
    value >= 10000 ? `${digits(value / 1000)} s` : `${digits(value)} ms`;
  const amount = (value) => {
    if (value >= 1e9) return `${digits(value / 1e9)}B`;
    if (value >= 1e6) return `${digits(value / 1e6)}M`;
    if (value >= 10000) return `${digits(value / 1e3)}K`;
    return digits(value);
  };
  const axisMilliseconds = (value) =>
    value >= 1000 ? `${value / 1000} s` : `${Number(value.toPrecision(3))} ms`;
  const percentileText = (nines) => {
    const percentile = 100 - 100 * 10 ** -nines;
    return `${Number(percentile.toPrecision(nines < 1 ? 3 : Math.ceil(nines) + 3))} %`;
  };

  // ---- one chart -------------------------------------------------------------------------

  /** 1, 2, 5 times powers of ten from min to max; only powers of ten where that is too many. */
  function logSplits(min, max) {
    const ticks = [];
    for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++) {
      for (const step of [1, 2, 5]) ticks.push(step * 10 ** power);
    }
    const inside = ticks.filter((tick) => tick >= min * 0.999 && tick <= max * 1.001);
    if (inside.length <= 8) return inside;
    return inside.filter((tick) => Math.abs(Math.log10(tick) % 1) < 1e-9);
  }

  function logRange(lists, limit) {
    let min = limit ?? Number.POSITIVE_INFINITY;
    let max = limit ?? 0;
    for (const list of lists) {
      for (const value of list) {
        if (value === null || value === undefined || value <= 0) continue;
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
    }
    if (max === 0) return [1, 100];
    return [min / 1.25, max * 1.35];
  }

  function roundMax(max) {
    const power = 10 ** Math.floor(Math.log10(max));
    for (const step of [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]) {
      if (step * power >= max) return step * power;
    }
    return max;
  }

  /** Shades the faults of a world, behind everything. */
  function shade(faults) {
    return (u) => {
      const { ctx } = u;
      const { left, top, width, height } = u.bbox;
      ctx.save();
      clip(ctx, u.bbox);
      ctx.fillStyle = css('--fault');
      for (const [from, to] of stretches(u, faults)) ctx.fillRect(from, top, to - from, height);
      ctx.strokeStyle = css('--fault-line');
      ctx.lineWidth = window.devicePixelRatio || 1;
      for (const edge of stretches(u, faults).flat()) {
        if (edge > left && edge < left + width) line(ctx, edge, top, edge, top + height);
      }
      ctx.restore();
    };
  }

  /** The line that was promised: above the grid, below the measurements. */
  function markLimit(limit) {
    return (u) => {
      if (limit === undefined) return;
      const { ctx } = u;
      const ratio = window.devicePixelRatio || 1;
      const y = u.valToPos(limit.value, 'y', true);
      ctx.save();
      clip(ctx, u.bbox);
      ctx.strokeStyle = css('--limit');
      ctx.lineWidth = 1.5 * ratio;
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      line(ctx, u.bbox.left, y, u.bbox.left + u.bbox.width, y);
      ctx.restore();
    };
  }

  /** Names the faults and the limit, above everything and with a halo so that they can be read. */
  function nameThings(faults, limit) {
    return (u) => {
      const { ctx } = u;
      const { left, top, width } = u.bbox;
      const ratio = window.devicePixelRatio || 1;
      ctx.save();
      clip(ctx, u.bbox);
      ctx.font = `${11 * ratio}px system-ui, sans-serif`;
      ctx.fillStyle = css('--limit');
      ctx.strokeStyle = css('--panel');
      ctx.lineJoin = 'round';
      ctx.lineWidth = 4 * ratio;
      const write = (text, x, y, align, baseline) => {
        ctx.textAlign = align;
        ctx.textBaseline = baseline;
        ctx.strokeText(text, x, y);
        ctx.fillText(text, x, y);
      };
      faults.filter(fired).forEach((fault, index) => {
        const text = nameDatacentres(fault.description);
        const from = u.valToPos(fault.firedAtSeconds, 'x', true) + 4 * ratio;
        const fits = from + ctx.measureText(text).width < left + width;
        const y = top + (3 + 14 * index) * ratio;
        if (fits) write(text, from, y, 'left', 'top');
        else write(text, left + width - 4 * ratio, y, 'right', 'top');
      });
      if (limit !== undefined) {
        const y = u.valToPos(limit.value, 'y', true) - 3 * ratio;
        write(limit.text, left + 4 * ratio, y, 'left', 'bottom');
      }
      ctx.restore();
    };
  }

  const fired = (fault) => fault.firedAtSeconds !== undefined;

  function stretches(u, faults) {
    return faults
      .filter(fired)
      .map((fault) => [
        u.valToPos(fault.firedAtSeconds, 'x', true),
        u.valToPos(fault.healedAtSeconds ?? u.scales.x.max, 'x', true),
      ]);
  }

  function clip(ctx, { left, top, width, height }) {
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
  }

  function line(ctx, fromX, fromY, toX, toY) {
    ctx.beginPath();
    ctx.moveTo(fromX, fromY);
    ctx.lineTo(toX, toY);
    ctx.stroke();
  }

  /** Indices of values without a neighbour, which no line would show. */
  function lonely(spec, index) {
    if (spec.spanGaps && spec.x.length > 1) return null;
    const { values } = spec.lines[index];
    const absent = (value) => value === null || value === undefined;
    const found = [];
    values.forEach((value, at) => {
      if (!absent(value) && absent(values[at - 1]) && absent(values[at + 1])) found.push(at);
    });
    return found.length === 0 ? null : found;
  }

  const borderOf = (dash) => (dash.length === 0 ? 'solid' : dash[0] < 3 ? 'dotted' : 'dashed');

  /**
   * spec: { x, xText, xSplits, xLabel, lines: [{ label, values, colour, dash, width, fill }],
   *         yText, yAxisText, log, yRange, faults, limit, sync }
   */
  function draw(figure, spec) {
    const plot = figure.querySelector('.plot');
    if (spec.lines.length === 0 || spec.x.length === 0) {
      const empty = document.createElement('p');
      empty.className = 'empty';
      empty.textContent = 'nothing was recorded';
      plot.replaceChildren(empty);
      return;
    }
    const faults = spec.faults ?? [];
    const axis = {
      stroke: () => css('--quiet'),
      grid: { stroke: () => css('--grid'), width: 1 },
      ticks: { stroke: () => css('--rule'), width: 1, size: 5 },
      font: '11px system-ui, sans-serif',
      labelFont: '11px system-ui, sans-serif',
    };
    const options = {
      width: Math.max(240, plot.clientWidth),
      height: CHART_HEIGHT,
      padding: [8, 12, 0, 0],
      cursor: {
        y: false,
        drag: { x: true, y: false },
        points: { size: 6 },
        ...(spec.sync ? { sync: { key: spec.sync } } : {}),
      },
      legend: {
        live: true,
        markers: {
          width: 1.5,
          fill: () => 'transparent',
          stroke: (_u, index) => css(spec.lines[index - 1].colour),
          dash: (_u, index) => borderOf(spec.lines[index - 1].dash),
        },
      },
      scales: {
        x: { time: false },
        y: spec.log
          ? { distr: 3, range: () => spec.yRange }
          : { range: (_u, _min, max) => [0, max > 0 ? roundMax(max * 1.08) : 1] },
      },
      axes: [
        {
          ...axis,
          size: 26,
          gap: 3,
          label: spec.xLabel,
          labelSize: 16,
          values: (_u, splits) => splits.map(spec.xText),
          ...(spec.xSplits ? { splits: () => spec.xSplits, filter: (_u, splits) => splits } : {}),
        },
        {
          ...axis,
          size: 58,
          values: (_u, splits) =>
            splits.map((value) => (value === null ? '' : spec.yAxisText(value))),
          ...(spec.log
            ? {
                splits: (u) => logSplits(u.scales.y.min, u.scales.y.max),
                filter: (_u, splits) => splits,
              }
            : { space: 32 }),
        },
      ],
      series: [
        { label: spec.xName, value: (_u, value) => (value === null ? '–' : spec.xValue(value)) },
        ...spec.lines.map((line) => ({
          label: line.label,
          stroke: () => css(line.colour),
          width: line.width ?? 1.75,
          dash: line.dash ?? [],
          spanGaps: spec.spanGaps ?? false,
          points: { show: false, size: 5, filter: (_u, index) => lonely(spec, index - 1) },
          ...(line.fill
            ? {
                fill: () => `${css(line.colour)}2e`,
              }
            : {}),
          value: (_u, value) => (value === null || value === undefined ? '–' : spec.yText(value)),
        })),
      ],
      hooks: {
        drawClear: [shade(faults)],
        drawAxes: [markLimit(spec.limit)],
        draw: [nameThings(faults, spec.limit)],
      },
    };
    const chart = new uPlot(options, [spec.x, ...spec.lines.map((line) => line.values)], plot);
    charts.push(chart);
    new ResizeObserver(() => {
      const width = Math.max(240, plot.clientWidth);
      if (plot.clientWidth > 0 && width !== chart.width)
        chart.setSize({ width, height: CHART_HEIGHT });
    }).observe(plot);
    plot.addEventListener('keydown', (event) => moveCursor(event, chart));
    const details = figure.querySelector('details');
    details.addEventListener('toggle', () => fillNumbers(details, spec), { once: true });
  }

  function moveCursor(event, chart) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const x = chart.data[0];
    const index = Math.min(x.length - 1, Math.max(0, (chart.cursor.idx ?? -1) + step));
    const left = chart.valToPos(x[index], 'x');
    chart.setCursor({ left, top: chart.cursor.top > 0 ? chart.cursor.top : 20 });
  }

  /** The chart as a table, for those who cannot see it or want the numbers. */
  function fillNumbers(details, spec) {
    const table = document.createElement('table');
    const head = table.createTHead().insertRow();
    for (const text of [spec.xName, ...spec.lines.map((line) => line.label)]) {
      const cell = document.createElement('th');
      cell.scope = 'col';
      cell.textContent = text;
      head.append(cell);
    }
    const body = table.createTBody();
    spec.x.forEach((x, index) => {
      const row = body.insertRow();
      const first = document.createElement('th');
      first.scope = 'row';
      first.textContent = spec.xValue(x);
      row.append(first);
      for (const { values } of spec.lines) {
        const value = values[index];
        row.insertCell().textContent =
          value === null || value === undefined ? '–' : spec.yText(value);
      }
    });
    details.querySelector('.numbers').replaceChildren(table);
  }

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
    const seconds = (value) => `${digits(value)} s`;
    return {
      world,
      base: {
        x: thin(world.timeline.atSeconds, first),
        xName: 'at',
        xText: (value) => `${value}`,
        xValue: seconds,
        xLabel: 'seconds from the start of the window',
        faults: world.faults,
        sync: 'timeline',
      },
    };
  }

  const makers = {
    latency(name) {
      const { world, base } = overTime(name);
      const lines = LATENCY_LINES.filter((line) => latencyOf(world, line)).map((line) => ({
        ...line,
        values: thin(latencyOf(world, line), greatest),
      }));
      return {
        ...base,
        lines,
        log: true,
        yRange: latencyRange,
        yText: milliseconds,
        yAxisText: axisMilliseconds,
        limit: limitOf('same_dc'),
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
        .map((line) => ({ ...line, values: thin(line.values, mean) }));
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
          dash: [],
          width: 2,
          fill: true,
        };
      });
      return { ...base, lines, yText: amount, yAxisText: amount };
    },
    datacentres(name) {
      const { world, base } = overTime(name);
      const lines = results.datacentres
        .map(({ id }) => ({
          label: dcName(id),
          values: world.timeline.rates[`messages_delivered{dc:${id}}`],
          colour: dcColour(id),
          dash: [],
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

  /** [percentile, value] to x = nines of the percentile; the maximum stands where it is one sample. */
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
  const dcColour = (id) => {
    const index = results.datacentres.findIndex((candidate) => candidate.id === id);
    return DC_COLOURS[Math.max(0, index) % DC_COLOURS.length];
  };

  // ---- the page --------------------------------------------------------------------------

  const figures = [...document.querySelectorAll('figure.chart')];
  for (const figure of figures) draw(figure, makers[figure.dataset.chart](figure.dataset.key));

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
    for (const chart of charts) chart.redraw(false, true);
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  // Paper is always light: the lines are drawn anew in the colours that then hold.
  matchMedia('print').addEventListener('change', redraw);
  document.documentElement.dataset.charts = String(charts.length);
})();
