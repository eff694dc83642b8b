/** Growth over the years, cost, what-ifs, the tornado and Monte Carlo. */
import { costOf, type DcCost } from '../cost.ts';
import { valuesOf } from '../inputs.ts';
import { evaluate, type Headline, headline, worldFor } from '../model.ts';
import { sum } from '../planet.ts';
import { monteCarlo, type TornadoBar, tornado, widest } from '../sensitivity.ts';
import { DAYS_PER_MONTH, DAYS_PER_YEAR, daysWritten, loadAfter, storedRates } from '../stored.ts';
import { type Context, FLEET_FORMULA, monthAfter } from './context.ts';

const PARTS = ['compute', 'flash', 'disk', 'backbone', 'egress', 'cdn'] as const;
const COST_FORMULA = `fleet.servers, links and traffic × prices.*, settings.dcPriceFactors, network.*, ${FLEET_FORMULA}`;

export function addCost({ plan, outcome, world }: Context): void {
  const { planet } = world;
  const total = sum(outcome.costs.map(costOf));
  plan.figure('cost.month', 'cost of a mean month', total, 'usd/month', COST_FORMULA);
  plan.figure(
    'cost.perMillion',
    'cost of a million messages',
    total / ((outcome.rates.messagesPerDay * DAYS_PER_MONTH) / 1e6),
    'usd',
    'cost.month / (load.messagesPerDay × 365.25 / 12 / 1,000,000)',
  );
  plan.figure(
    'cost.perUserYear',
    'cost of a monthly user, a year',
    (total * 12) / outcome.values.traffic.monthlyUsers,
    'usd',
    'cost.month × 12 / traffic.monthlyUsers',
  );
  const row = (dc: string, cost: DcCost) => ({ dc, ...cost, total: costOf(cost) });
  const all = outcome.costs.reduce((a, b) => {
    const added = PARTS.map((part): [string, number] => [part, a[part] + b[part]]);
    return Object.fromEntries(added) as unknown as DcCost;
  });
  plan.table(
    'cost',
    'cost of a mean month by datacentre',
    [
      ['dc', 'datacentre', 'text'],
      ...PARTS.map((part) => [part, part, 'usd/month', 'cost.month'] as const),
      ['total', 'total', 'usd/month', 'cost.month'],
    ],
    [
      ...outcome.costs.map((cost, dc) => row(`${planet.ids[dc]} ${planet.names[dc]}`, cost)),
      row('all', all),
    ],
    'compute: cores and memory. Disks are paid for as provisioned, not as filled',
  );
}

export function addGrowth({ plan, v, outcome, world }: Context): void {
  const stored = storedRates(v, outcome.rates);
  const { growth, traffic, storage } = v;
  const formula = 'growth.usersPerYear and growth.messagesPerUserPerYear';
  const years = Array.from({ length: Math.floor(growth.years) + 1 }, (_, year) => year);
  const rows = years.map((year) => {
    const load = loadAfter(v, year);
    const days = daysWritten(v, year);
    return {
      month: monthAfter(world.settings.start, year),
      users: traffic.monthlyUsers * compounded(growth.usersPerYear, year),
      peak: outcome.rates.messagesPerSecond * world.planet.peak * load,
      text: storage.textStoredBytes + stored.textOnDiskPerDay * days,
      media: storage.mediaStoredBytes + stored.mediaOnDiskPerDay * days,
    };
  });
  plan.table(
    'growth',
    'growth',
    [
      ['month', 'month', 'text'],
      ['users', 'users', 'users', `traffic.monthlyUsers × ${formula}`],
      ['peak', 'daily peak', 'messages/s', `load.peak × ${formula}`],
      ['text', 'text on disk', 'bytes', `storage.textStoredBytes + stored.textOnDisk × ${formula}`],
      [
        'media',
        'media on disk',
        'bytes',
        `storage.mediaStoredBytes + stored.mediaOnDisk × ${formula}`,
      ],
    ],
    rows,
  );
  const ten = (stored.textPerDay + stored.mediaPerDay) * DAYS_PER_YEAR * 10;
  plan.figure(
    'stored.tenYears',
    'text and media in ten years, one copy, no growth',
    ten,
    'bytes',
    '3,652.5 days × (stored.textPerDay + stored.mediaPerDay)',
  );
}

/** (1 + rate) to a whole power; `**` may differ between engines. */
function compounded(rate: number, years: number): number {
  let factor = 1;
  for (let year = 0; year < years; year++) factor *= 1 + rate;
  return factor;
}

/** Other choices, each with everything else as it is. */
export function addWhatIfs(context: Context): void {
  const { plan, world, inputs, v, outcome } = context;
  if (world.settings.fleet || world.target) return;
  const base = headline(world, outcome);
  const { settings, planet } = world;
  const withSettings = (changed: Partial<typeof settings>): Headline => {
    const other = worldFor(planet, { ...settings, ...changed });
    return headline(other, evaluate(other, v));
  };
  const withInput = (path: string, value: number): Headline =>
    headline(
      world,
      evaluate(
        world,
        valuesOf(inputs, ({ mode }, at) => (at === path ? value : mode)),
      ),
    );
  const gap = impliedGap(context);
  const rows: { whatIf: string; result: Headline }[] = [
    { whatIf: 'as planned', result: base },
    ...([0, 1, 2] as const)
      .filter((survive) => survive !== settings.survive)
      .map((survive) => ({
        whatIf: survive === 0 ? 'no loss survived' : `any ${survive} lost survived`,
        result: withSettings({ survive }),
      })),
    settings.failover === 'nearest'
      ? {
          whatIf: 'users of a lost DC go to all, not the nearest',
          result: withSettings({ failover: 'spread' }),
        }
      : {
          whatIf: 'users of a lost DC go to the nearest',
          result: withSettings({ failover: 'nearest' }),
        },
    { whatIf: 'no edge cache', result: withInput('storage.cdnShare', 0) },
    {
      whatIf: `service.gap ${Math.round(gap)}, as the published whole system implies`,
      result: withInput('service.gap', gap),
    },
  ];
  plan.table(
    'whatIf',
    'what if',
    [
      ['whatIf', 'what if', 'text'],
      ['servers', 'servers', 'servers', 'fleet.servers'],
      ['cores', 'cores', 'cores', 'fleet.cores'],
      ['cost', 'a month', 'usd/month', 'cost.month'],
      ['change', 'change', 'share', 'cost.month over that of the plan'],
    ],
    rows.map(({ whatIf, result }) => ({
      ...{ whatIf, servers: result.servers, cores: result.cores, cost: result.costMonth },
      change: result.costMonth / base.costMonth - 1,
    })),
  );
}

/** The gap at which a core of the bare path would do what WhatsApp's whole system does. */
function impliedGap({ v, outcome }: Context): number {
  const peaks = outcome.peaks[0]!;
  const busy = sum(peaks.map(({ cores }) => cores.front + cores.router + cores.store));
  const published = outcome.rates.messagesPerSecond / v.service.wholeSystemPerCore;
  return Math.max(1, (v.service.gap * published) / (busy / v.traffic.busiestDayFactor));
}

const TORNADO_BARS = 10;

export function addTornado({ plan, world, inputs }: Context): void {
  const bars = tornado(world, inputs);
  const table = (id: string, title: string, figure: keyof Headline, unit: string): void => {
    const rows = widest(bars, figure)
      .slice(0, TORNADO_BARS)
      .map(({ input, low, high, atLow, atHigh }: TornadoBar) => ({
        ...{ input, low, high, atLow: atLow[figure], atHigh: atHigh[figure] },
      }));
    if (rows.length === 0) return;
    plan.table(
      id,
      title,
      [
        ['input', 'input', 'text'],
        ['low', 'from', 'input'],
        ['high', 'to', 'input'],
        ['atLow', 'at from', unit, figure === 'costMonth' ? 'cost.month' : 'fleet.cores'],
        ['atHigh', 'at to', unit, figure === 'costMonth' ? 'cost.month' : 'fleet.cores'],
      ],
      rows,
      'one input at a time, from one end of its interval to the other',
    );
  };
  table('tornadoCost', 'what moves the cost (tornado)', 'costMonth', 'usd/month');
  table('tornadoCores', 'what moves the number of cores (tornado)', 'cores', 'cores');
}

export function addUncertainty(context: Context, samples: number, seed: string): void {
  if (samples === 0) return;
  const { plan, world, inputs, outcome } = context;
  const { figures, holds } = monteCarlo(world, inputs, outcome, samples, seed);
  const names: readonly (readonly [keyof Headline, string, string])[] = [
    ['costMonth', 'cost of a mean month', 'usd/month'],
    ['servers', 'servers', 'servers'],
    ['cores', 'cores', 'cores'],
    ['peakPerSecond', 'daily peak', 'messages/s'],
    ['connectionsPeak', 'open connections at the peak', 'connections'],
  ];
  const base = headline(world, outcome);
  plan.table(
    'uncertainty',
    `how sure (${samples} draws, seed ${seed}, triangular laws)`,
    [
      ['figure', 'figure', 'text'],
      ['plan', 'plan', 'row', COST_FORMULA],
      ['p10', 'P10', 'row', COST_FORMULA],
      ['p50', 'P50', 'row', COST_FORMULA],
      ['p90', 'P90', 'row', COST_FORMULA],
    ],
    names.map(([name, figure, unit]) => ({ figure, unit, plan: base[name], ...figures[name] })),
    'for a fleet that is sized anew in every draw',
  );
  const words = ['nothing lost', 'any one lost', 'any two lost'];
  for (const [losses, share] of holds.entries()) {
    plan.figure(
      `risk.holds${losses}`,
      `draws in which it holds, ${words[losses]}`,
      share,
      'share',
      `${samples} draws of all intervals: ${COST_FORMULA}`,
    );
  }
}
