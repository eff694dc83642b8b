/**
 * One chart of report.html: lines over an axis, faults shaded, a promised limit, and the numbers as
 * a table. Plain JavaScript for the reader's browser; knows nothing of what is drawn (page.js
 * does).
 * Every text goes in as text.
 */
globalThis.reportCharts = (() => {
  const uPlot = globalThis.uPlot;
  const CHART_HEIGHT = 210;
  /** Each takes a line of the chart. */
  const FAULTS_NAMED_MAX = 4;
  /** Seconds between two numbers of a time axis. */
  const TIME_STEPS = [
    ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400],
    ...[28800, 86400, 172800, 604800, 1209600, 2592000],
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

  /** Axis of a run in hours, minutes or seconds, whichever its length asks for. */
  function timeAxis(endSeconds) {
    const [unit, name] =
      endSeconds >= 7200 ? [3600, 'hours'] : endSeconds >= 1200 ? [60, 'minutes'] : [1, 'seconds'];
    return {
      xIncrements: TIME_STEPS,
      xText: (value) => `${Number((value / unit).toPrecision(6))}`,
      xValue: unit === 1 ? (value) => `${digits(value)} s` : duration,
      xLabel: `${name} from the start of the window`,
    };
  }

  /** "6 h 24 min", "21 min 5 s". */
  function duration(value) {
    const whole = Math.round(value);
    const parts = [
      [Math.floor(whole / 3600), 'h'],
      [Math.floor((whole % 3600) / 60), 'min'],
      [whole % 60, 's'],
    ].filter(([count]) => count > 0);
    return parts.length === 0 ? '0 s' : parts.map(([count, name]) => `${count} ${name}`).join(' ');
  }

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
      // What was drawn before may have been dashed.
      ctx.setLineDash([]);
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
      ctx.save();
      clip(ctx, u.bbox);
      writeNames(ctx, {
        ...{ left, top, width, ratio: window.devicePixelRatio || 1 },
        faults: faults.filter(fired).map((fault) => ({
          text: fault.description,
          x: u.valToPos(fault.firedAtSeconds, 'x', true),
        })),
        limit: limit && { text: limit.text, y: u.valToPos(limit.value, 'y', true) },
      });
      ctx.restore();
    };
  }

  /** `faults`: texts and where they begin; `limit`: its text, and the height of its line. */
  function writeNames(ctx, { left, top, width, ratio, faults, limit }) {
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
    faults.slice(0, FAULTS_NAMED_MAX).forEach(({ text, x }, index) => {
      const more = faults.length - FAULTS_NAMED_MAX;
      const last = index === FAULTS_NAMED_MAX - 1 && more > 0 ? ` and ${more} more` : '';
      const from = x + 4 * ratio;
      const fits = from + ctx.measureText(text + last).width < left + width;
      const y = top + (3 + 14 * index) * ratio;
      if (fits) write(text + last, from, y, 'left', 'top');
      else write(text + last, left + width - 4 * ratio, y, 'right', 'top');
    });
    if (limit !== undefined) {
      const x = limit.right ? left + width - 4 * ratio : left + 4 * ratio;
      write(limit.text, x, limit.y - 3 * ratio, limit.right ? 'right' : 'left', 'bottom');
    }
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
   * spec: { x, xText, xSplits, xIncrements, xLabel,
   *         lines: [{ label, values, colour, dash, width, fill }],
   *         yText, yAxisText, log, yRange, faults, limit, sync, xRange }
   * With `xRange` the axis does not move, and cannot be zoomed. Returns the chart, if there is one.
   */
  function draw(figure, spec) {
    const plot = figure.querySelector('.plot');
    if (spec.lines.length === 0 || spec.x.length === 0) {
      const empty = document.createElement('p');
      empty.className = 'empty';
      empty.textContent = 'nothing was recorded';
      plot.replaceChildren(empty);
      return undefined;
    }
    plot.replaceChildren();
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
        drag: { x: spec.xRange === undefined, y: false },
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
        x: { time: false, ...(spec.xRange ? { range: () => spec.xRange } : {}) },
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
          ...(spec.xIncrements ? { incrs: spec.xIncrements } : {}),
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
    return chart;
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
    const heads = [spec.xName, ...spec.lines.map((line) => line.label)];
    const text = (value) => (value === null || value === undefined ? '–' : spec.yText(value));
    const rows = spec.x.map((x, index) => [
      spec.xValue(x),
      ...spec.lines.map(({ values }) => text(values[index])),
    ]);
    details.querySelector('.numbers').replaceChildren(tableOf(heads, rows));
  }

  /** The first cell of each row names it. */
  function tableOf(heads, rows) {
    const table = document.createElement('table');
    const head = table.createTHead().insertRow();
    for (const text of heads) {
      const cell = document.createElement('th');
      cell.scope = 'col';
      cell.textContent = text;
      head.append(cell);
    }
    const body = table.createTBody();
    for (const [name, ...values] of rows) {
      const row = body.insertRow();
      const first = document.createElement('th');
      first.scope = 'row';
      first.textContent = name;
      row.append(first);
      for (const value of values) row.insertCell().textContent = value;
    }
    return table;
  }

  const redrawAll = () => {
    for (const chart of charts) chart.redraw(false, true);
  };
  return {
    ...{ amount, axisMilliseconds, digits, milliseconds, timeAxis },
    ...{ css, draw, fillNumbers, logRange, logSplits, redrawAll, tableOf, writeNames },
  };
})();
