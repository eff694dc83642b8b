/**
 * Shows a run while it goes on, from the events of its server; chart.js draws. Plain JavaScript, as
 * it runs in the reader's browser. Every text goes in as text.
 */
(() => {
  const { amount, axisMilliseconds, digits, draw, fillNumbers } = globalThis.reportCharts;
  const { logRange, milliseconds, redrawAll, timeAxis } = globalThis.reportCharts;
  const about = JSON.parse(document.getElementById('about').textContent);

  const DRAW_EVERY_MS = 250;
  /** Every second point of a chart is left out from here on, as the server does. */
  const POINTS_MAX = 2000;
  /** In a row; then the command is gone, and has not said why. */
  const FAILURES_MAX = 10;

  const LIGHTS = {
    holds: ['✓', 'holds so far'],
    broken: ['✗', 'broken so far'],
    pending: ['·', 'not enough data yet'],
    empty: ['·', 'no data yet'],
  };
  const VERDICTS = {
    held: ['✓', 'HELD', 'every promise held'],
    broken: ['✗', 'BROKEN', 'a promise was broken'],
    undecided: ['?', 'UNDECIDED', 'undecided'],
  };

  const byId = (id) => document.getElementById(id);
  const ofWorld = (selector, world) =>
    [...document.querySelectorAll(selector)].find((one) => one.dataset.world === world);
  /** Screen readers speak what changes: so nothing is set to what it was. */
  const say = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };
  const make = (name, text, className) => {
    const element = document.createElement(name);
    element.textContent = text;
    if (className) element.className = className;
    return element;
  };

  const worlds = new Map(
    about.worlds.map((name) => [
      name,
      { name, points: [], faults: [], lights: undefined, verdict: undefined, dirty: false },
    ]),
  );
  let ended = false;

  // ---- the verdict -----------------------------------------------------------------------

  function headline(kind, mark, word, sentence) {
    byId('top').className = `top ${kind}`;
    say(byId('mark'), mark);
    say(byId('word'), word);
    say(byId('sentence'), sentence);
    const title = `${word}: ${about.name}`;
    if (document.title !== title) document.title = title;
  }

  /** Of all worlds: what stands, then what the one that runs looks like so far. */
  function summary(current) {
    const judged = [...worlds.values()].filter(({ verdict }) => verdict !== undefined);
    const has = (verdict) => judged.some((world) => world.verdict === verdict);
    const parts = judged.map(({ name, verdict }) => `${name}: ${VERDICTS[verdict][2]}.`);
    const lights = current?.verdict === undefined ? (current?.lights ?? []) : [];
    const count = (state) => lights.filter((light) => light.state === state).length;
    const [holds, broken, pending] = ['holds', 'broken', 'pending'].map(count);
    if (lights.length > 0) {
      const counts = `${holds} hold, ${broken} broken, ${pending} without enough data`;
      parts.push(`${current.name} so far: ${counts} (provisional).`);
    }
    const text = parts.join(' ');
    if (has('broken')) headline('broken', '✗', 'BROKEN', text);
    else if (broken > 0) headline('broken', '✗', 'BROKEN SO FAR', text);
    else if (has('undecided')) headline('undecided', '?', 'UNDECIDED SO FAR', text);
    else if (pending > 0) headline('undecided', '·', 'NOT KNOWN YET', text);
    else headline('held', '✓', 'HOLDS SO FAR', text);
  }

  function showLights(world, final) {
    for (const [index, { metric, threshold }] of about.lights.entries()) {
      const cell = document.querySelector(
        `td[data-world="${CSS.escape(world.name)}"][data-light="${index}"]`,
      );
      const light = world.lights.find(
        (one) => one.metric === metric && one.threshold === threshold,
      );
      if (light === undefined) {
        cell.className = 'none';
        say(cell, 'not judged');
        continue;
      }
      const known = light.state !== 'pending';
      const isEmpty = light.value === 'no data';
      const [mark, word] = final
        ? finalLight(light.state)
        : LIGHTS[isEmpty && !known ? 'empty' : light.state];
      const value = known || !isEmpty ? ` ${light.value}` : '';
      const text = `${mark} ${word}${value}`;
      if (cell.textContent.startsWith(text) && cell.dataset.final === String(final)) continue;
      cell.dataset.final = String(final);
      cell.className = light.state === 'broken' ? 'broken' : light.state;
      if (final && !known) cell.className = 'undecided';
      cell.replaceChildren(make('span', mark, 'mark'), ` ${word}`, make('b', value));
      if (light.why && (final || !isEmpty)) cell.append(make('small', light.why));
    }
  }

  const finalLight = (state) =>
    ({ holds: ['✓', 'held'], broken: ['✗', 'broken'], pending: ['?', 'undecided'] })[state];

  // ---- events ----------------------------------------------------------------------------

  const handlers = {
    progress({ world, phase, done, text }) {
      const line = ofWorld('.worlds li', world);
      if (line === undefined) return;
      line.querySelector('progress').value = done;
      const percent = `${Math.round(done * 100)} %`;
      const judged = worlds.get(world).verdict !== undefined;
      if (!judged) say(line.querySelector('.phase'), `${percent}, ${phase}`);
      say(line.querySelector('.text'), text);
      follow(world);
    },
    point({ world, ...point }) {
      const one = worlds.get(world);
      one.points.push(point);
      if (one.points.length > POINTS_MAX) one.points = one.points.filter((_, i) => i % 2 === 0);
      one.dirty = true;
    },
    state({ world, lights, inForce, faults }) {
      const one = worlds.get(world);
      if (one.verdict !== undefined) return;
      Object.assign(one, { lights, faults, dirty: true });
      showLights(one, false);
      summary(one);
      const items = inForce.map(({ text, secondsLeft }) =>
        make('li', `${text}, ${Math.ceil(secondsLeft)} s left`),
      );
      byId('in-force').replaceChildren(...(items.length > 0 ? items : [make('li', 'none')]));
    },
    judged({ world, verdict, lights, faults, voidReasons }) {
      const one = worlds.get(world);
      Object.assign(one, { verdict, lights, faults, dirty: true });
      showLights(one, true);
      const [mark, word] = VERDICTS[verdict];
      const cell = document.querySelector(`td[data-world="${CSS.escape(world)}"][data-verdict]`);
      cell.className = verdict;
      cell.replaceChildren(make('span', `${mark} ${word}`, 'tag'));
      const line = ofWorld('.worlds li', world);
      line.querySelector('progress').value = 1;
      say(line.querySelector('.phase'), `${mark} ${word}`);
      say(line.querySelector('.text'), voidReasons.join('; '));
      byId('in-force').replaceChildren(make('li', 'none'));
      summary(one);
    },
    end({ how, verdict, text, report }) {
      ended = true;
      source.close();
      const where = report === undefined ? '' : ` Report: ${report}`;
      const [mark, word] = VERDICTS[verdict] ?? ['!', how === 'failed' ? 'FAILED' : 'INTERRUPTED'];
      headline(verdict ?? 'undecided', mark, word, `${text}${where}`);
      connection('The command has ended. This page keeps what it shows, and asks no more.', false);
      byId('in-force').replaceChildren(make('li', 'none'));
      for (const world of worlds.values()) if (world.verdict === undefined) leaveOut(world.name);
    },
  };

  /** A world that has no verdict when the command ends. */
  function leaveOut(name) {
    const phase = ofWorld('.worlds li', name).querySelector('.phase');
    say(phase, phase.textContent === 'waits' ? 'did not run' : 'did not end');
    for (const cell of document.querySelectorAll('td[data-world]')) {
      if (cell.dataset.world !== name) continue;
      if (cell.dataset.verdict || cell.className === 'none') say(cell, 'not judged');
    }
  }

  // ---- charts ----------------------------------------------------------------------------

  const LINES = {
    latency: [
      ['same DC p50', '--c-blue', [2, 3], (point) => point.latencyMs.same_dc?.[0]],
      ['same DC p99', '--c-blue', [], (point) => point.latencyMs.same_dc?.[1]],
      ['cross DC p50', '--c-green', [2, 3], (point) => point.latencyMs.cross_dc?.[0]],
      ['cross DC p99', '--c-green', [], (point) => point.latencyMs.cross_dc?.[1]],
      ['outage p99', '--c-purple', [7, 3], (point) => point.latencyMs.outage?.[1]],
      ['all p99', '--c-black', [], (point) => point.latencyMs.all?.[1]],
    ],
    rates: [
      ['due', '--c-black', [2, 3], (point) => point.duePerSecond],
      ['delivered', '--c-blue', [], (point) => point.deliveredPerSecond],
    ],
    backlog: [['waiting', '--c-orange', [], (point) => point.backlog]],
  };
  const rate = (value) => `${amount(value)}/s`;
  const TEXTS = {
    latency: { yText: milliseconds, yAxisText: axisMilliseconds },
    rates: { yText: rate, yAxisText: rate },
    backlog: { yText: amount, yAxisText: amount },
  };

  function linesOf(kind, points) {
    return LINES[kind]
      .map(([label, colour, dash, value]) => ({
        ...{ label, colour, dash, fill: kind === 'backlog' },
        values: points.map((point) => value(point) ?? null),
      }))
      .filter(({ values }) => values.some((value) => value !== null));
  }

  /** With room above for the names of faults. */
  function latencyRange(lines) {
    const [min, max] = logRange(lines.map(({ values }) => values));
    return [min, max * 2];
  }

  /** Of each figure: what is drawn in it now. */
  const drawn = new Map();

  function drawFigure(figure, kind, world) {
    const lines = linesOf(kind, world.points);
    const names = lines.map(({ label }) => label).join();
    const before = drawn.get(figure);
    const x = world.points.map((point) => point.atSeconds);
    const latest = x[x.length - 1];
    // What is in force is shaded until now.
    const faults = world.faults.map((fault) => ({ healedAtSeconds: latest, ...fault }));
    const changing = {
      x,
      lines,
      xRange: [0, Math.max(about.windowSeconds, latest)],
      ...(kind === 'latency' ? { yRange: latencyRange(lines) } : {}),
    };
    if (before?.names === names) {
      const { spec, chart } = before;
      spec.faults.splice(0, spec.faults.length, ...faults);
      // The lines' own objects are known to the chart.
      for (const [index, line] of spec.lines.entries()) line.values = lines[index].values;
      Object.assign(spec, changing, { lines: spec.lines });
      chart.setData([x, ...lines.map(({ values }) => values)]);
    } else {
      before?.chart.destroy();
      const spec = {
        ...changing,
        ...timeAxis(about.windowSeconds),
        ...{ xName: 'at', xValue: (value) => `${digits(value)} s` },
        ...{ faults: [...faults], log: kind === 'latency', sync: world.name },
        ...TEXTS[kind],
      };
      const chart = draw(figure, spec);
      if (chart === undefined) return;
      drawn.set(figure, { names, spec, chart });
    }
    const { spec, chart } = drawn.get(figure);
    if (chart.cursor.idx === null || chart.cursor.idx === undefined) {
      chart.setLegend({ idx: x.length - 1 });
    }
    const details = figure.querySelector('details');
    if (details.open) fillNumbers(details, spec);
  }

  function drawWorld(world) {
    const place = ofWorld('.charts', world.name);
    if (place.hidden || world.points.length === 0) return;
    world.dirty = false;
    place.querySelector('.empty').hidden = true;
    place.querySelector('.multiples').hidden = false;
    for (const figure of place.querySelectorAll('figure')) {
      drawFigure(figure, figure.dataset.chart, world);
    }
  }

  setInterval(() => {
    for (const world of worlds.values()) if (world.dirty) drawWorld(world);
  }, DRAW_EVERY_MS);

  // ---- which world -----------------------------------------------------------------------

  const buttons = [...document.querySelectorAll('.chooser button')];
  let chosen = false;
  function show(name) {
    for (const button of buttons) {
      button.setAttribute('aria-pressed', String(button.dataset.show === name));
    }
    for (const place of document.querySelectorAll('.charts')) {
      place.hidden = place.dataset.world !== name;
    }
    drawWorld(worlds.get(name));
  }
  /** The world that runs, until a person has chosen another. */
  function follow(name) {
    const shown = ofWorld('.charts', name);
    if (!chosen && shown?.hidden) show(name);
  }
  for (const button of buttons) {
    button.addEventListener('click', () => {
      chosen = true;
      show(button.dataset.show);
    });
  }
  show(about.worlds[0]);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawAll);

  // ---- the connection --------------------------------------------------------------------

  function connection(text, lost) {
    byId('connection').classList.toggle('lost', lost);
    say(byId('connection'), text);
  }

  let failures = 0;
  let run;
  const source = new EventSource('events');
  source.addEventListener('open', () => {
    failures = 0;
    connection('Live. Provisional until the end.', false);
  });
  source.addEventListener('message', ({ data, lastEventId }) => {
    const from = lastEventId.split('-', 1)[0];
    // Another run has begun on this port: it has another page.
    if (run !== undefined && from !== run) location.reload();
    run = from;
    const event = JSON.parse(data);
    handlers[event.type]?.(event);
  });
  source.addEventListener('error', () => {
    if (ended) return;
    failures += 1;
    if (failures < FAILURES_MAX && source.readyState !== EventSource.CLOSED) {
      connection('The connection is lost; trying again …', true);
      return;
    }
    source.close();
    connection('The command does not answer any more. Shown is what was known last.', true);
  });
})();
