/**
 * timeline.html: one small run as a drawing. A lane for each datacentre and each device, faults
 * shaded, messages as arrows, and the facts that contradict each other numbered. One file without
 * scripts that needs nothing from anywhere; hovering shows what and when.
 */
import type { Fact, Lane, Span, Timeline, TimelineMessage } from '../timeline.ts';
import { timeAxis } from './time-axis.ts';
import { timelineStyle } from './timeline-style.ts';
import { type Markup, markup, trusted } from './xml.ts';

export interface TimelineContext {
  readonly version: string;
  /** Lines below the title: where it comes from, how to run it again. */
  readonly notes: readonly string[];
}

/** More than this cannot be read; the page says what was left out. */
const CAPS = { dcs: 8, users: 16, messages: 40, spans: 400 } as const;

const WIDTH = 1_280;
const LEFT = 132;
const RIGHT = WIDTH - 24;
const TOP = 34;
const DC_HEIGHT = 40;
const DEVICE_HEIGHT = 34;

export function renderTimeline(timeline: Timeline, context: TimelineContext): string {
  const shown = capped(timeline);
  const { broken, seed } = timeline;
  const title = broken ? `Broken: ${broken.invariant}` : 'Every promise held';
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="quincunx ${context.version}">
<title>${title}, seed ${seed}</title>
<style>${trusted(timelineStyle)}</style>
</head>
<body>
<h1>${title}</h1>
${broken ? markup`<p class="broken">${broken.text}</p>` : ''}
${context.notes.map((note) => markup`<p class="note">${note}</p>\n`)}${factList(timeline)}
<div class="scroll">${drawing(shown.timeline)}</div>
${legend()}
${shown.leftOut.map((line) => markup`<p class="note">Left out: ${line}</p>\n`)}
${faultTable(timeline)}
${messageTable(shown.timeline)}
<footer>quincunx ${context.version} · times in seconds of virtual time from the start of the window</footer>
</body>
</html>
`;
  return page.text;
}

interface Capped {
  readonly timeline: Timeline;
  readonly leftOut: readonly string[];
}

/** Keeps what the broken promise is about, then what comes first. */
function capped(timeline: Timeline): Capped {
  const leftOut: string[] = [];
  const about = new Set(timeline.broken?.messages ?? []);
  const cap = <T>(list: readonly T[], max: number, what: string, first: (item: T) => boolean) => {
    if (list.length <= max) return list;
    leftOut.push(`${list.length - max} of ${list.length} ${what}`);
    const chosen = new Set([...list.filter(first), ...list.filter((item) => !first(item))]);
    const kept = new Set([...chosen].slice(0, max));
    return list.filter((item) => kept.has(item));
  };
  const messages = cap(timeline.messages, CAPS.messages, 'messages', ({ id }) => about.has(id));
  const named = new Set(
    timeline.messages
      .filter(({ id }) => about.has(id))
      .flatMap(({ sender, recipient }) => [sender, recipient]),
  );
  const users = cap(timeline.users, CAPS.users, 'users', ({ index }) => named.has(index));
  const dcs = cap(timeline.dcs, CAPS.dcs, 'datacentres', () => false);
  const linksDown = cap(timeline.linksDown, CAPS.spans, 'stretches of links down', () => false);
  const isShown = new Set(users.map(({ index }) => index));
  const reachable = messages.filter(
    ({ sender, recipient }) => isShown.has(sender) && isShown.has(recipient),
  );
  if (reachable.length < messages.length) {
    leftOut.push(`${messages.length - reachable.length} messages of users left out`);
  }
  return { timeline: { ...timeline, messages: reachable, users, dcs, linksDown }, leftOut };
}

const seconds = (value: number): string => `${value.toFixed(2)} s`;

const laneName = (lane: Lane): string =>
  lane.kind === 'dc' ? `DC ${lane.dc}` : `user ${lane.user}`;

function factList({ broken }: Timeline): Markup | string {
  if (!broken || broken.facts.length === 0) return '';
  const items = broken.facts.map(
    (fact) =>
      markup`<li><b>${laneName(fact.lane)}, ${seconds(fact.atSeconds)}:</b> ${fact.text}</li>\n`,
  );
  const intro =
    broken.facts.length > 1 ? 'These cannot both be right:' : 'This must not be, in any world:';
  return markup`<p class="intro">${intro}</p>\n<ol class="facts">\n${items}</ol>\n`;
}

// -- the drawing ----------------------------------------------------------------------------------

/** Where everything lies: time to the right, lanes downwards. */
class Layout {
  readonly height: number;
  readonly #y = new Map<string, number>();
  readonly #axis: ReturnType<typeof timeAxis>;

  constructor(timeline: Timeline) {
    let y = TOP;
    for (const { id } of timeline.dcs) {
      this.#y.set(`dc${id}`, y + DC_HEIGHT / 2);
      y += DC_HEIGHT;
    }
    y += 10;
    for (const { index } of timeline.users) {
      this.#y.set(`device${index}`, y + DEVICE_HEIGHT / 2);
      y += DEVICE_HEIGHT;
    }
    this.height = y + 8;
    this.#axis = timeAxis(momentsOf(timeline), LEFT, RIGHT);
  }

  get ticks(): readonly number[] {
    return this.#axis.ticks;
  }

  get breaks(): ReturnType<typeof timeAxis>['breaks'] {
    return this.#axis.breaks;
  }

  x(time: number): number {
    return round(this.#axis.x(time));
  }

  /** Middle of a lane; undefined for one that is not drawn. */
  y(lane: Lane): number | undefined {
    return this.#y.get(lane.kind === 'dc' ? `dc${lane.dc}` : `device${lane.user}`);
  }
}

const round = (value: number): number => Math.round(value * 10) / 10;
const dcLane = (dc: number): Lane => ({ kind: 'dc', dc });
const deviceLane = (user: number): Lane => ({ kind: 'device', user });

function momentsOf(timeline: Timeline): number[] {
  const spans = [...timeline.faults, ...timeline.linksDown];
  return [
    timeline.fromSeconds,
    ...spans.flatMap(({ fromSeconds, untilSeconds }) => [fromSeconds, untilSeconds]),
    ...timeline.lives.map(({ atSeconds }) => atSeconds),
    ...timeline.messages.flatMap((message) =>
      [message.sentSeconds, message.ackedSeconds, message.deliveredSeconds].filter(
        (moment) => moment !== undefined,
      ),
    ),
    ...(timeline.broken?.facts.map(({ atSeconds }) => atSeconds) ?? []),
  ].filter((moment) => moment <= timeline.untilSeconds);
}

function drawing(timeline: Timeline): Markup {
  const layout = new Layout(timeline);
  const layers = [grid, faults, lives, links, connections, messages, facts]; // the last on top
  const label = 'Lanes of datacentres and devices over time; the same facts stand in the tables';
  return markup`<svg viewBox="0 0 ${WIDTH} ${layout.height}" role="img" aria-label="${label}">
<defs>
<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker>
<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch" width="2" height="6"/></pattern>
</defs>
${layers.map((layer) => layer(timeline, layout))}</svg>`;
}

function grid(timeline: Timeline, layout: Layout): Markup[] {
  const bottom = layout.height - 8;
  const ticks = layout.ticks.map((tick) => {
    const x = layout.x(tick);
    return markup`<line class="tick" x1="${x}" y1="${TOP - 6}" x2="${x}" y2="${bottom}"/><text class="time" x="${x}" y="${TOP - 12}">${tick} s</text>\n`;
  });
  const gaps = layout.breaks.map(({ fromSeconds, untilSeconds }) => {
    const [from, until] = [layout.x(fromSeconds), layout.x(untilSeconds)];
    const text = `${(untilSeconds - fromSeconds).toFixed(0)} s in which nothing changes`;
    return markup`<g><title>${text}</title><rect class="gap" x="${from}" y="${TOP - 6}" width="${round(until - from)}" height="${bottom - TOP + 6}"/><text class="time" x="${round((from + until) / 2)}" y="${TOP - 22}">⋯ ${(untilSeconds - fromSeconds).toFixed(0)} s ⋯</text></g>\n`;
  });
  const lanes = [
    ...timeline.dcs.map(({ id, name }) => ({ lane: dcLane(id), name: `DC ${id} ${name}` })),
    ...timeline.users.map(({ index, homeDc }) => ({
      lane: deviceLane(index),
      name: `user ${index} · home ${homeDc}`,
    })),
  ].map(({ lane, name }) => {
    const y = layout.y(lane) ?? 0;
    return markup`<line class="lane" x1="${LEFT}" y1="${y}" x2="${RIGHT}" y2="${y}"/><text class="name" x="${LEFT - 10}" y="${y + 4}">${name}</text>\n`;
  });
  return [...gaps, ...ticks, ...lanes];
}

/** Names of faults that overlap stand below each other; width of a letter of theirs. */
const NAME_ROWS = 3;
const NAME_LETTER = 5.4;

const byStart = (a: Span, b: Span): number => a.fromSeconds - b.fromSeconds;

/** A fault shades the lanes of the DCs that it concerns, or all of them. */
function faults(timeline: Timeline, layout: Layout): Markup[] {
  /** Where the last name in each lane ends, and on which row it stands. */
  const names = new Map<number, { end: number; row: number }>();
  const nameRow = (dc: number, x: number, text: string): number => {
    const before = names.get(dc);
    const row = before && before.end > x ? (before.row + 1) % NAME_ROWS : 0;
    names.set(dc, { end: Math.max(before?.end ?? 0, x + text.length * NAME_LETTER), row });
    return row;
  };
  return timeline.faults.toSorted(byStart).flatMap(({ text, dcs, fromSeconds, untilSeconds }) => {
    const [x, end] = [layout.x(fromSeconds), layout.x(untilSeconds)];
    const width = Math.max(2, round(end - x));
    const title = `${text}: ${seconds(fromSeconds)} to ${seconds(untilSeconds)}`;
    const concerned = dcs.length > 0 ? dcs : timeline.dcs.map(({ id }) => id);
    return concerned.flatMap((dc, index) => {
      const y = layout.y(dcLane(dc));
      if (y === undefined) return [];
      const name =
        index === 0
          ? markup`<text class="fault-name" x="${x + 3}" y="${y - 10 + 9 * nameRow(dc, x, text)}">${text}</text>`
          : '';
      return [
        markup`<g class="fault"><title>${title}</title><rect class="shade" x="${x}" y="${y - DC_HEIGHT / 2 + 1}" width="${width}" height="${DC_HEIGHT - 2}"/><rect fill="url(#hatch)" x="${x}" y="${y - DC_HEIGHT / 2 + 1}" width="${width}" height="${DC_HEIGHT - 2}"/>${name}</g>\n`,
      ];
    });
  });
}

/** The process is gone from a crash until it serves again. */
function lives(timeline: Timeline, layout: Layout): Markup[] {
  const drawn: Markup[] = [];
  for (const { id } of timeline.dcs) {
    const y = layout.y(dcLane(id)) ?? 0;
    let crashed: number | undefined;
    const gone = (until: number): void => {
      if (crashed === undefined) return;
      const title = `DC ${id} is dead: ${seconds(crashed)} to ${seconds(until)}`;
      const [x, end] = [layout.x(crashed), layout.x(until)];
      drawn.push(
        markup`<rect class="dead" x="${x}" y="${y - 5}" width="${Math.max(2, round(end - x))}" height="10"><title>${title}</title></rect>\n`,
      );
      crashed = undefined;
    };
    for (const { step, atSeconds } of timeline.lives.filter(({ dc }) => dc === id)) {
      const x = layout.x(atSeconds);
      const title = markup`<title>DC ${id} ${step}: ${seconds(atSeconds)}</title>`;
      if (step === 'crashed') {
        crashed ??= atSeconds;
        drawn.push(
          markup`<path class="crash" d="M${x - 5} ${y - 5}l10 10m0 -10l-10 10">${title}</path>\n`,
        );
      } else if (step === 'serves') {
        gone(atSeconds);
        drawn.push(markup`<path class="serves" d="M${x} ${y - 6}l6 11h-12z">${title}</path>\n`);
      }
    }
    gone(timeline.untilSeconds);
  }
  return drawn;
}

/** Thin lines at the foot of a DC's lane, one row for each DC that it does not reach. */
function links(timeline: Timeline, layout: Layout): Markup[] {
  return timeline.linksDown.flatMap(({ from, to, fromSeconds, untilSeconds }) => {
    const middle = layout.y(dcLane(from));
    const row = timeline.dcs.filter(({ id }) => id !== from).findIndex(({ id }) => id === to);
    if (middle === undefined || row < 0) return [];
    const y = middle + 8 + row * 2.5;
    const title = `link ${from}→${to} down: ${seconds(fromSeconds)} to ${seconds(untilSeconds)}`;
    return [
      markup`<line class="link" x1="${layout.x(fromSeconds)}" y1="${y}" x2="${layout.x(untilSeconds)}" y2="${y}"><title>${title}</title></line>\n`,
    ];
  });
}

/** To which DC a device was connected; elsewhere than at home, the DC's number stands above. */
function connections(timeline: Timeline, layout: Layout): Markup[] {
  const homes = new Map(timeline.users.map(({ index, homeDc }) => [index, homeDc]));
  return timeline.connections.flatMap(({ user, dc, fromSeconds, untilSeconds }) => {
    const y = layout.y(deviceLane(user));
    if (y === undefined) return [];
    const away = homes.get(user) !== dc;
    const [x, end] = [layout.x(fromSeconds), layout.x(untilSeconds)];
    const title = `user ${user} is connected to DC ${dc}: ${seconds(fromSeconds)} to ${seconds(untilSeconds)}`;
    const name = away
      ? markup`<text class="away-name" x="${x + 2}" y="${y + 14}">DC ${dc}</text>`
      : '';
    return [
      markup`<g><title>${title}</title><line class="${away ? 'away' : 'home'}" x1="${x}" y1="${y}" x2="${end}" y2="${y}"/>${name}</g>\n`,
    ];
  });
}

function messageTitle(message: TimelineMessage): string {
  const { id, sender, recipient, sentSeconds, ackedSeconds, ack } = message;
  const { deliveredSeconds, deliveredId } = message;
  const parts = [`message ${id}: user ${sender} to user ${recipient}`];
  if (sentSeconds !== undefined) parts.push(`sent ${seconds(sentSeconds)}`);
  parts.push(ackedSeconds === undefined ? 'never acknowledged' : `${ack} ${seconds(ackedSeconds)}`);
  parts.push(
    deliveredSeconds === undefined
      ? 'never shown'
      : `shown ${seconds(deliveredSeconds)} as number ${deliveredId}`,
  );
  return parts.join(', ');
}

/** An arrow from sender to recipient; a stub with a cross for what never arrived. */
function messages(timeline: Timeline, layout: Layout): Markup[] {
  const about = new Set(timeline.broken?.messages ?? []);
  return timeline.messages.flatMap((message) => {
    const { sentSeconds, ackedSeconds, deliveredSeconds, ack } = message;
    const y1 = layout.y(deviceLane(message.sender));
    const y2 = layout.y(deviceLane(message.recipient));
    if (y1 === undefined || y2 === undefined || sentSeconds === undefined) return [];
    const x1 = layout.x(sentSeconds);
    const title = markup`<title>${messageTitle(message)}</title>`;
    const way =
      deliveredSeconds === undefined
        ? stub(x1, y1, y2)
        : markup`<path class="wide" d="M${x1} ${y1}L${layout.x(deliveredSeconds)} ${y2}"/><path class="way" marker-end="url(#head)" d="M${x1} ${y1}L${layout.x(deliveredSeconds)} ${y2}"/>`;
    const told =
      ackedSeconds === undefined
        ? ''
        : markup`<circle class="${ack ?? 'stored'}" cx="${layout.x(ackedSeconds)}" cy="${y1}" r="3.5"/>`;
    const kind = about.has(message.id) ? 'message about' : 'message';
    const name = markup`<text class="id" x="${x1 - 2}" y="${y1 + (y2 > y1 ? -5 : 11)}">${message.id}</text>`;
    return [markup`<g class="${kind}">${title}${way}${told}${name}</g>\n`];
  });
}

function stub(x: number, y1: number, y2: number): Markup {
  const y = y1 + Math.sign(y2 - y1 || 1) * 14;
  return markup`<path class="lost" d="M${x} ${y1}L${x + 10} ${y}m-3 -3l6 6m0 -6l-6 6"/>`;
}

/** The numbered facts; a line joins two that contradict each other. */
function facts({ broken }: Timeline, layout: Layout): Markup[] {
  const placed = (broken?.facts ?? []).flatMap((fact, index) => {
    const y = layout.y(fact.lane);
    return y === undefined ? [] : [{ fact, number: index + 1, x: layout.x(fact.atSeconds), y }];
  });
  const [one, other] = placed;
  const line =
    one && other
      ? [
          markup`<line class="against" x1="${one.x}" y1="${one.y}" x2="${other.x}" y2="${other.y}"/>\n`,
        ]
      : [];
  return [...line, ...placed.map(({ fact, number, x, y }) => badge(fact, number, x, y))];
}

const badge = (fact: Fact, number: number, x: number, y: number): Markup =>
  markup`<g class="fact"><title>${number}: ${laneName(fact.lane)}, ${seconds(fact.atSeconds)}: ${fact.text}</title><circle cx="${x}" cy="${y}" r="9"/><text x="${x}" y="${y + 4}">${number}</text></g>\n`;

// -- below the drawing ----------------------------------------------------------------------------

function legend(): Markup {
  const sample = (inside: Markup, text: string): Markup =>
    markup`<span><svg class="sample" viewBox="0 0 28 14" aria-hidden="true">${inside}</svg>${text}</span>\n`;
  return markup`<p class="legend">
${sample(markup`<path class="way" marker-end="url(#head)" d="M1 12L25 3"/>`, 'message, sent to shown')}${sample(markup`<circle class="stored" cx="14" cy="7" r="4"/>`, 'acknowledged as stored')}${sample(markup`<circle class="queued" cx="14" cy="7" r="4"/>`, 'acknowledged as queued')}${sample(markup`<path class="lost" d="M4 2L14 8m-3 -3l6 6m0 -6l-6 6"/>`, 'never shown')}${sample(markup`<line class="home" x1="1" y1="7" x2="27" y2="7"/>`, 'device connected to its home')}${sample(markup`<line class="away" x1="1" y1="7" x2="27" y2="7"/>`, 'device connected elsewhere')}${sample(markup`<rect class="shade" width="28" height="14"/>`, 'fault')}${sample(markup`<rect class="dead" y="3" width="28" height="8"/>`, 'process dead')}${sample(markup`<line class="link" x1="1" y1="7" x2="27" y2="7"/>`, 'link to another DC down')}${sample(markup`<g class="fact"><circle cx="14" cy="7" r="6"/></g>`, 'fact')}</p>`;
}

function faultTable({ faults: list }: Timeline): Markup | string {
  if (list.length === 0) return markup`<p class="note">No faults.</p>`;
  const rows = list.map(
    ({ text, fromSeconds, untilSeconds }) =>
      markup`<tr><td>${text}</td><td>${seconds(fromSeconds)}</td><td>${seconds(untilSeconds)}</td></tr>\n`,
  );
  return markup`<table><caption>Faults</caption><thead><tr><th>what</th><th>from</th><th>until</th></tr></thead><tbody>
${rows}</tbody></table>`;
}

function messageTable({ messages: list }: Timeline): Markup {
  const time = (value: number | undefined): string => (value === undefined ? '–' : seconds(value));
  const rows = list.map(
    (message) =>
      markup`<tr><td>${message.id}</td><td>user ${message.sender} → user ${message.recipient}</td><td>${time(message.sentSeconds)}</td><td>${time(message.ackedSeconds)}</td><td>${message.ack ?? '–'}</td><td>${time(message.deliveredSeconds)}</td><td>${message.deliveredId ?? '–'}</td></tr>\n`,
  );
  return markup`<table><caption>Messages</caption><thead><tr><th>message</th><th>way</th><th>sent</th><th>acknowledged</th><th>as</th><th>shown</th><th>number in the box</th></tr></thead><tbody>
${rows}</tbody></table>`;
}
