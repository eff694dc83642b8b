/** A calibration for people to read: what was measured, and whether it can be trusted. */
import type { Calibration } from '../sim/model/calibration.ts';
import { quantileOf } from '../sim/model/calibration.ts';
import type { Law } from '../sim/model/service-times.ts';

const LAWS = ['access', 'front', 'sync', 'delivery'] as const;

export function calibrationSummary(value: Calibration): string {
  const { service, links, groupCommit, outage, noise, load, machine } = value;
  const lines = [
    `Stations, under ${load.messagesPerSecond} messages/s of ${load.users} people, ${load.calmSeconds} s:`,
    '                    values      p50 ms      p99 ms',
    ...LAWS.map((name) => lawLine(name, service[name])),
    'The same while a DC is lost and comes back, at people of the others:',
    ...LAWS.map((name) => lawLine(name, value.disturbed[name])),
    '',
    `Backbone, ${links.length} links: longer than the map by (ms, p50)`,
    `  ${links.map(({ from, to, p50Ms, mapMs }) => `${from}-${to} ${(p50Ms - mapMs).toFixed(1)}`).join('  ')}`,
    '',
    'Group commit by itself:  appends  p50 ms  p99 ms',
    ...groupCommit.map(
      ({ appends, p50Us, p99Us }) => `${pad(appends, 32)}${pad(ms(p50Us), 8)}${pad(ms(p99Us), 8)}`,
    ),
    '',
    `Loss of DC ${load.lostDc}, ${load.outages} times ${load.outageSeconds} s:`,
    ...Object.entries(outage).map(
      ([name, { value: middle, count }]) =>
        `  ${name.padEnd(20)}${pad(middle.toFixed(2), 10)}   (of ${count})`,
    ),
    '',
    `Spread between slices of the calm time: p50 ${percent(noise.p50Spread)}, p99 ${percent(noise.p99Spread)}; ` +
      `longest sync ${noise.syncMaxMs.toFixed(0)} ms; generator late by ${noise.generatorLagP99Ms.toFixed(1)} ms at p99; ` +
      `cores busy ${(machine.busyShare * 100).toFixed(0)} % of the time; load average ${machine.loadBefore.toFixed(1)} before, ${machine.loadAfter.toFixed(1)} after, ${machine.cores} cores`,
  ];
  if (noise.busy) lines.push('The machine was too busy or too uneven: measure again in quiet.');
  return [...lines, ...value.notes].join('\n');
}

function lawLine(name: string, law: Law | undefined): string {
  if (law === undefined || !('quantilesUs' in law)) return `  ${name}: assumed`;
  const at = (p: number): string => pad(ms(quantileOf(law.quantilesUs, p)), 12);
  const count = 'count' in law ? String(law.count) : '';
  return `  ${name.padEnd(14)}${count.padStart(10)}${at(0.5)}${at(0.99)}`;
}

const ms = (us: number): string => (us / 1000).toFixed(2);
const percent = (share: number): string => `±${(share * 100).toFixed(0)} %`;
const pad = (value: string | number, width: number): string => String(value).padStart(width);
