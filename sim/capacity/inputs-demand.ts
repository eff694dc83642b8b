/**
 * What a plan is asked for: people, what they send, how long they stay connected, what is promised
 * to them, how they grow. The base values are those of profile A (REQUIREMENTS, section 1); where A
 * is silent, an assumption that says so.
 */
import { assumed, type Field, field, given, published } from './quantity.ts';

const A = 'source A';

export const TRAFFIC = {
  monthlyUsers: field(
    'users',
    [1, 1e11],
    'people who use it at least once a month',
    given(800e6, A),
  ),
  dailyUsers: field(
    'users',
    [1, 1e11],
    'people who use it on a mean day',
    assumed([320e6, 440e6, 560e6], 'A does not say; 40 to 70 % of monthly users'),
  ),
  messagesPerDay: field(
    'messages/day',
    [0, 1e15],
    'messages of a mean day; 0: dailyUsers × messagesPerUser',
    given(55e9, A),
  ),
  messagesPerUser: field(
    'messages/day',
    [0, 1e6],
    'messages a daily user sends a day; used where messagesPerDay is 0',
    assumed(0, 'not used: messagesPerDay is given'),
  ),
  textBytes: field('bytes', [1, 1e6], 'text of a message', given(150, A)),
  mediaShare: field('share', [0, 1], 'messages that carry a file', given(0.3, A)),
  mediaBytes: field('bytes', [0, 2e9], 'mean size of a file', given(1e6, A)),
  botCallsPerDay: field('calls/day', [0, 1e15], 'calls of the Bot API', given(15e9, A)),
  readsPerWrite: field(
    'reads/message',
    [0, 1e4],
    'reads of messages and files for each one sent',
    assumed([3, 5, 8], 'A does not say; 5 : 1 is what source B gives'),
  ),
  busiestDayFactor: field(
    'x',
    [1, 100],
    'busiest day of the year over a mean day (New Year, a final)',
    assumed([1, 1.3, 2], 'no operator publishes it'),
  ),
} as const satisfies Record<string, Field>;

export const SUPERGROUPS = {
  members: field('users', [0, 1e9], 'members of the largest supergroups', given(200e3, A)),
  burstPerMinute: field(
    'messages/min',
    [0, 1e8],
    'posts a minute in one that is in a burst',
    given(10e3, A),
  ),
  bursts: field(
    'groups',
    [0, 1e6],
    'supergroups in a burst at once',
    assumed([0, 2, 10], 'A gives the burst, not how many coincide'),
  ),
  onlineShare: field(
    'share',
    [0, 1],
    'members who are online',
    assumed([0.05, 0.1, 0.3], 'as in the measurements of fan-out'),
  ),
  unmutedShare: field(
    'share',
    [0, 1],
    'online members who have not muted it; only they are pushed to',
    assumed([0.1, 0.3, 0.6], 'most people mute large groups'),
  ),
} as const satisfies Record<string, Field>;

export const SESSIONS = {
  openSecondsPerDay: field(
    's/day',
    [0, 1e6],
    'seconds a day that a daily user keeps connections open, all devices added up',
    assumed([7200, 18_000, 43_200], 'phones suspend them; desktops keep them for hours'),
  ),
  openConnections: field(
    'connections',
    [0, 1e12],
    "open connections at the planet's peak; 0: by Little's law from openSecondsPerDay",
    assumed(0, "by Little's law"),
  ),
  pushesPerMessage: field(
    'pushes/message',
    [0, 100],
    'open sessions that a message is pushed to, other devices of its sender included',
    assumed([0.8, 1.3, 2.5], 'recipients who are offline count 0, second devices 1 each'),
  ),
  pingSeconds: field(
    's',
    [1, 86_400],
    'time between two pings of an open connection',
    given([30, 60, 60], 'R18: a heartbeat in 30 to 60 s'),
  ),
} as const satisfies Record<string, Field>;

export const SLO = {
  deliveryMs: field('ms', [0.001, 1e6], 'promised delivery to people online', given(100, A)),
  quantile: field(
    'share',
    [0.5, 0.9999],
    'share of deliveries that the promise covers',
    assumed(0.99, 'A says "under 100 ms" without a percentile'),
  ),
  hopMs: field('ms', [0, 1e5], 'one way between two datacentres', given([50, 75, 100], A)),
  availability: field('share', [0, 0.9999999], 'promised availability', given(0.9999, A)),
} as const satisfies Record<string, Field>;

export const GROWTH = {
  usersPerYear: field(
    'share/year',
    [0, 10],
    'users who are added each year',
    published(
      [0.05, 0.14, 0.25],
      'Telegram announced 800M monthly users in July 2023 and 1B in March 2025: 14 % a year',
    ),
  ),
  messagesPerUserPerYear: field(
    'share/year',
    [-0.5, 10],
    'how much more each user sends each year',
    assumed([0, 0.05, 0.1], 'nobody publishes it'),
  ),
  years: field('years', [1, 20], 'how far the plan looks ahead', assumed(5, 'a usual horizon')),
  provisionMonths: field(
    'months',
    [0.1, 120],
    'disks are bought to last so long',
    assumed([3, 6, 12], 'delivery of hardware takes a quarter; more binds money'),
  ),
} as const satisfies Record<string, Field>;
