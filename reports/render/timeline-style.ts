/**
 * How a timeline looks, in light and in dark. The hues are those of Okabe and Ito, which people
 * with any colour vision can tell apart; shape and dash always say the same as the hue.
 */
export const timelineStyle: string = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --faint: #5b636d; --rule: #d8dde3;
  --message: #0072b2; --stored: #009e73; --queued: #b36b00; --fault: #e69f00; --bad: #c04a00;
  --away: #a04a82; --dead: #3a3f46; --gap: #f1f3f5; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --ink: #e8eaed; --faint: #a5adb6;
  --rule: #343a41; --message: #56b4e9; --stored: #2bc79a; --queued: #f0b429; --fault: #e69f00;
  --bad: #ff8a4c; --away: #e09cc6; --dead: #8d959e; --gap: #1d2125; } }
body { margin: 24px; background: var(--paper); color: var(--ink);
  font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 22px; margin: 0 0 4px; }
p { margin: 4px 0; max-width: 90ch; }
.broken { color: var(--bad); font-weight: 600; }
.note, footer { color: var(--faint); }
footer { margin-top: 24px; }
.facts { margin: 2px 0 12px; padding-left: 24px; }
.intro { margin-top: 12px; }
.scroll { overflow-x: auto; margin: 12px 0; }
.scroll > svg { width: 100%; min-width: 900px; display: block; }
svg text { font: 11px system-ui, sans-serif; fill: var(--ink); }
svg .time { text-anchor: middle; fill: var(--faint); }
svg .name { text-anchor: end; }
.tick { stroke: var(--rule); stroke-width: .5; }
.gap { fill: var(--gap); }
.lane { stroke: var(--rule); stroke-width: 1; stroke-dasharray: 1 4; }
.shade { fill: var(--fault); opacity: .18; }
.hatch { fill: var(--fault); opacity: .3; }
svg .fault-name { font-size: 10px; paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
.dead { fill: var(--dead); }
.crash { stroke: var(--bad); stroke-width: 2.5; fill: none; }
.serves { fill: var(--stored); }
.link { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 4 2; }
.home { stroke: var(--faint); stroke-width: 2; }
.away { stroke: var(--away); stroke-width: 2; stroke-dasharray: 7 3; }
svg .away-name { font-size: 9.5px; fill: var(--away); }
.way { stroke: var(--message); stroke-width: 1.5; fill: none; }
.wide { stroke: transparent; stroke-width: 10; fill: none; }
.head { fill: var(--message); }
.lost { stroke: var(--bad); stroke-width: 2; fill: none; }
.stored { fill: var(--stored); }
.queued { fill: var(--paper); stroke: var(--queued); stroke-width: 2; }
svg .id { font-size: 9.5px; text-anchor: end; fill: var(--message); }
.about .way { stroke-width: 3; }
svg .about .id { font-weight: 700; font-size: 11px; }
.message:hover .way { stroke-width: 4; }
.against { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 2 4; }
.fact circle { fill: var(--bad); stroke: var(--paper); stroke-width: 1.5; }
svg .fact text { fill: var(--paper); text-anchor: middle; font-weight: 700; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; max-width: none; color: var(--faint); }
.sample { width: 28px; height: 14px; vertical-align: -2px; margin-right: 6px; }
table { border-collapse: collapse; margin: 18px 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 4px 0; }
th, td { text-align: left; padding: 2px 18px 2px 0; border-bottom: 1px solid var(--rule); }
th { color: var(--faint); font-weight: 500; }
`;
