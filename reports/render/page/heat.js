/**
 * One heatmap of report.html: time across, latency upwards on a log axis, a promised limit, faults
 * shaded, and the cell under the pointer or the cursor keys in words. Plain JavaScript for the
 * reader's browser, after chart.js; what is drawn comes from page.js. Every text goes in as text.
 */
globalThis.reportHeat = (() => {
  const { css, logSplits, tableOf, writeNames } = globalThis.reportCharts;
  const HEIGHT = 230;
  const PAD = { left: 58, right: 12, top: 8, bottom: 40 };
  /** The faintest cell is still seen: a single message is what one looks for. */
  const FAINTEST = 0.12;
  const heats = [];

  /** [red, green, blue] of a colour variable written as #rrggbb. */
  const rgb = (name) => [1, 3, 5].map((at) => Number.parseInt(css(name).slice(at, at + 2), 16));

  /** From no to most messages by way of three colours of one hue. */
  function ramp() {
    const stops = ['--heat-low', '--heat-middle', '--heat-high'].map(rgb);
    return (share) => {
      const at = Math.min(1.999, Math.max(0, share * 2));
      const [from, to] = [stops[Math.floor(at)], stops[Math.floor(at) + 1]];
      const part = at - Math.floor(at);
      const mixed = from.map((value, i) => Math.round(value + (to[i] - value) * part));
      return `rgb(${mixed.join(' ')})`;
    };
  }

  /** Counts differ by powers of ten: a cube root shows few and many, and still the hump. */
  const shareOf = (count, max) => FAINTEST + (1 - FAINTEST) * Math.cbrt(count / max);

  /** "99.9998": never rounded up to all of them. */
  function percentBelow(below, all) {
    if (below === all) return '100';
    for (let places = 1; places <= 6; places++) {
      const text = ((100 * below) / all).toFixed(places);
      if (Number(text) < 100) return text;
    }
    return 'nearly 100';
  }

  class Heat {
    /**
     * spec: { columns: [[band, count, ...]], columnSeconds, edges, low, high, faults, limit,
     *         amount, milliseconds, axisMilliseconds, seconds,
     *         axis: { xIncrements, xText, xLabel } }
     */
    constructor(figure, spec) {
      this.spec = spec;
      this.plot = figure.querySelector('.plot');
      this.readout = figure.querySelector('.readout');
      this.legend = figure.querySelector('.heat-legend');
      this.canvas = document.createElement('canvas');
      this.mark = document.createElement('div');
      this.mark.className = 'heat-mark';
      this.mark.hidden = true;
      this.plot.replaceChildren(this.canvas, this.mark);
      this.counts = spec.columns.map((pairs) => {
        const byBand = new Map();
        for (let i = 0; i < pairs.length; i += 2) byBand.set(pairs[i], pairs[i + 1]);
        return byBand;
      });
      this.totals = this.counts.map((byBand) => [...byBand.values()].reduce((a, b) => a + b, 0));
      this.max = this.counts.reduce((max, byBand) => Math.max(max, ...byBand.values()), 1);
      this.cursor = undefined;
      this.draw();
      new ResizeObserver(() => {
        if (this.plot.clientWidth > 0 && this.plot.clientWidth !== this.drawnWidth) this.draw();
      }).observe(this.plot);
      this.plot.addEventListener('pointermove', (event) => this.point(event));
      this.plot.addEventListener('pointerleave', () => this.select(undefined));
      this.plot.addEventListener('keydown', (event) => this.key(event));
      const details = figure.querySelector('details');
      details.addEventListener('toggle', () => this.fillNumbers(details), { once: true });
    }

    draw() {
      const { spec, canvas } = this;
      const ratio = window.devicePixelRatio || 1;
      this.drawnWidth = this.plot.clientWidth;
      this.width = Math.max(240, this.drawnWidth);
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(HEIGHT * ratio);
      canvas.style.width = `${this.width}px`;
      canvas.style.height = `${HEIGHT}px`;
      const ctx = canvas.getContext('2d');
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      ctx.clearRect(0, 0, this.width, HEIGHT);
      this.shadeFaults(ctx);
      this.cells(ctx);
      this.axes(ctx);
      const names = spec.faults.filter((fault) => fault.firedAtSeconds !== undefined);
      writeNames(ctx, {
        ...{ left: PAD.left, top: PAD.top, width: this.width - PAD.left - PAD.right, ratio: 1 },
        faults: names.map((fault) => ({
          text: fault.description,
          x: this.x(fault.firedAtSeconds),
        })),
        limit: spec.limit && { text: spec.limit.text, y: this.y(spec.limit.value), right: true },
      });
      this.drawLegend();
      this.select(this.cursor);
    }

    get endSeconds() {
      return this.spec.columns.length * this.spec.columnSeconds;
    }

    x(seconds) {
      const inside = this.width - PAD.left - PAD.right;
      return PAD.left + (Math.min(seconds, this.endSeconds) / this.endSeconds) * inside;
    }

    /** Lower edge of a band in ms, for a log axis: that of the first is one step below the next. */
    edge(band) {
      const { edges } = this.spec;
      if (band <= 0) return edges[1] / 1.12;
      return edges[band] ?? edges[edges.length - 1] * 1.12;
    }

    y(ms) {
      const [low, high] = [this.edge(this.spec.low), this.edge(this.spec.high + 1)];
      const share = Math.log(ms / low) / Math.log(high / low);
      return HEIGHT - PAD.bottom - share * (HEIGHT - PAD.top - PAD.bottom);
    }

    /** Where the cell lies: left, top, width, height. */
    box(column, band) {
      const { columnSeconds } = this.spec;
      const left = this.x(column * columnSeconds);
      const top = this.y(this.edge(band + 1));
      const width = this.x((column + 1) * columnSeconds) - left;
      return [left, top, width, this.y(this.edge(band)) - top];
    }

    cells(ctx) {
      const colour = ramp();
      this.counts.forEach((byBand, column) => {
        for (const [band, count] of byBand) {
          const [left, top, width, height] = this.box(column, band);
          ctx.fillStyle = colour(shareOf(count, this.max));
          // Whole pixels, so that no seams show between neighbours.
          const [x, y] = [Math.round(left), Math.round(top)];
          ctx.fillRect(x, y, Math.round(left + width) - x, Math.round(top + height) - y);
        }
      });
    }

    shadeFaults(ctx) {
      for (const fault of this.spec.faults) {
        if (fault.firedAtSeconds === undefined) continue;
        const from = this.x(fault.firedAtSeconds);
        const to = this.x(fault.healedAtSeconds ?? this.endSeconds);
        ctx.fillStyle = css('--fault');
        ctx.fillRect(from, PAD.top, to - from, HEIGHT - PAD.top - PAD.bottom);
      }
    }

    axes(ctx) {
      const { spec } = this;
      const bottom = HEIGHT - PAD.bottom;
      const right = this.width - PAD.right;
      ctx.font = '11px system-ui, sans-serif';
      ctx.lineWidth = 1;
      const line = (fromX, fromY, toX, toY) => {
        ctx.beginPath();
        ctx.moveTo(fromX, fromY);
        ctx.lineTo(toX, toY);
        ctx.stroke();
      };
      ctx.fillStyle = css('--quiet');
      ctx.textAlign = 'right';
      ctx.textBaseline = 'middle';
      for (const tick of logSplits(this.edge(spec.low), this.edge(spec.high + 1))) {
        ctx.strokeStyle = css('--rule');
        line(PAD.left - 5, this.y(tick), PAD.left, this.y(tick));
        ctx.fillText(spec.axisMilliseconds(tick), PAD.left - 8, this.y(tick));
      }
      ctx.textAlign = 'center';
      ctx.textBaseline = 'top';
      const room = Math.max(2, Math.floor((right - PAD.left) / 60));
      const { xIncrements, xText, xLabel } = spec.axis;
      const step = xIncrements.find((each) => this.endSeconds / each <= room) ?? this.endSeconds;
      for (let at = 0; at <= this.endSeconds; at += step) {
        line(this.x(at), bottom, this.x(at), bottom + 4);
        if (this.x(at) > right - 12) ctx.textAlign = 'right';
        ctx.fillText(xText(at), ctx.textAlign === 'right' ? this.width : this.x(at), bottom + 7);
      }
      ctx.textAlign = 'center';
      const middle = (PAD.left + right) / 2;
      ctx.fillText(xLabel, middle, bottom + 24);
      line(PAD.left, bottom, right, bottom);
      line(PAD.left, PAD.top, PAD.left, bottom);
      ctx.strokeStyle = css('--fault-line');
      for (const fault of spec.faults) {
        for (const at of [fault.firedAtSeconds, fault.healedAtSeconds]) {
          if (at !== undefined) line(this.x(at), PAD.top, this.x(at), bottom);
        }
      }
      if (spec.limit === undefined) return;
      const y = this.y(spec.limit.value);
      // Over cells of any shade: a halo of paper below the dashes.
      ctx.strokeStyle = css('--panel');
      ctx.lineWidth = 4;
      line(PAD.left, y, right, y);
      ctx.strokeStyle = css('--limit');
      ctx.lineWidth = 1.5;
      ctx.setLineDash([6, 4]);
      line(PAD.left, y, right, y);
      ctx.setLineDash([]);
    }

    drawLegend() {
      const { spec } = this;
      const scale = document.createElement('canvas');
      const ratio = window.devicePixelRatio || 1;
      [scale.width, scale.height] = [Math.round(96 * ratio), Math.round(10 * ratio)];
      scale.setAttribute('aria-hidden', 'true');
      const ctx = scale.getContext('2d');
      const colour = ramp();
      for (let at = 0; at < scale.width; at++) {
        ctx.fillStyle = colour(FAINTEST + (1 - FAINTEST) * (at / scale.width));
        ctx.fillRect(at, 0, 1, scale.height);
      }
      const most = spec.amount(this.max);
      const width = spec.seconds(spec.columnSeconds);
      const text = ` 1 to ${most} messages a cell (${width} by 12 %, cube root)`;
      this.legend.replaceChildren(scale, text, this.belowLimit());
    }

    /** What share of all messages kept the limit. */
    belowLimit() {
      const { limit, edges } = this.spec;
      if (limit === undefined || !edges.includes(limit.value)) return '';
      const band = edges.indexOf(limit.value);
      let [below, all] = [0, 0];
      for (const byBand of this.counts) {
        for (const [at, count] of byBand) {
          all += count;
          if (at < band) below += count;
        }
      }
      if (all === 0) return '';
      return `; ${percentBelow(below, all)} % below ${this.spec.milliseconds(limit.value)}`;
    }

    // -- pointing -----------------------------------------------------------------------------

    point(event) {
      const { left, top } = this.canvas.getBoundingClientRect();
      const [x, y] = [event.clientX - left, event.clientY - top];
      const inside = this.width - PAD.left - PAD.right;
      const column = Math.floor(((x - PAD.left) / inside) * this.counts.length);
      if (column < 0 || column >= this.counts.length) return this.select(undefined);
      for (let band = this.spec.low; band <= this.spec.high; band++) {
        const [, cellTop, , height] = this.box(column, band);
        if (y >= cellTop && y < cellTop + height) return this.select({ column, band });
      }
      return this.select(undefined);
    }

    key(event) {
      const { counts, spec } = this;
      const { column, band } = this.cursor ?? { column: -1, band: undefined };
      const along = {
        ArrowLeft: column - 1,
        ArrowRight: column + 1,
        Home: 0,
        End: counts.length - 1,
      };
      const up = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (event.key === 'Escape') return this.select(undefined);
      if (along[event.key] !== undefined) {
        event.preventDefault();
        const next = Math.min(counts.length - 1, Math.max(0, along[event.key]));
        return this.select({ column: next, band: this.bandAt(next, 0.5) ?? band ?? spec.low });
      }
      if (up === undefined || column < 0) return undefined;
      event.preventDefault();
      let next = band + up;
      while (next > spec.low && next < spec.high && !counts[column].has(next)) next += up;
      next = Math.min(spec.high, Math.max(spec.low, next));
      return this.select({ column, band: next });
    }

    /** Band of the message of this rank, 0 to 1, in a column. */
    bandAt(column, rank) {
      const total = this.totals[column];
      let seen = 0;
      for (const [band, count] of [...this.counts[column]].sort(([a], [b]) => a - b)) {
        seen += count;
        if (seen >= rank * total) return band;
      }
      return undefined;
    }

    bandText(band) {
      const { edges, milliseconds } = this.spec;
      const upper = edges[band + 1];
      if (upper === undefined) return `${milliseconds(edges[band])} and more`;
      return band === 0
        ? `below ${milliseconds(upper)}`
        : `${milliseconds(edges[band])} to ${milliseconds(upper)}`;
    }

    select(cursor) {
      this.cursor = cursor;
      this.mark.hidden = cursor === undefined;
      if (cursor === undefined) {
        this.readout.textContent = '';
        return;
      }
      const { column, band } = cursor;
      const { columnSeconds, seconds, amount } = this.spec;
      const [left, top, width, height] = this.box(column, band);
      Object.assign(this.mark.style, {
        ...{ left: `${left - 1}px`, top: `${top - 1}px` },
        ...{ width: `${Math.max(3, width) + 2}px`, height: `${Math.max(3, height) + 2}px` },
      });
      const count = this.counts[column].get(band) ?? 0;
      const total = this.totals[column];
      const share = total === 0 ? 0 : (100 * count) / total;
      const of =
        total === 0 ? 'nothing then' : `${Number(share.toPrecision(3))} % of ${amount(total)}`;
      this.readout.textContent = `at ${seconds(column * columnSeconds)}, ${this.bandText(band)}: ${amount(count)} (${of})`;
    }

    /** The picture as a table: a row for each column. */
    fillNumbers(details) {
      const { columnSeconds, seconds, amount } = this.spec;
      const rows = this.counts.map((byBand, column) => {
        const at = (rank) => {
          const band = this.bandAt(column, rank);
          return byBand.size === 0 || band === undefined ? '–' : this.bandText(band);
        };
        return [
          seconds(column * columnSeconds),
          ...[amount(this.totals[column]), at(0), at(0.5), at(0.99), at(1)],
        ];
      });
      const heads = ['at', 'messages', 'fastest', 'median', '99th percentile', 'slowest'];
      details.querySelector('.numbers').replaceChildren(tableOf(heads, rows));
    }
  }

  return {
    draw: (figure, spec) => heats.push(new Heat(figure, spec)),
    redrawAll: () => {
      for (const heat of heats) heat.draw();
    },
  };
})();
