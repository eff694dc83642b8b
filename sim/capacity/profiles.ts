/**
 * The profiles of REQUIREMENTS.md, section 1, as layers over the base values (which are A's). Each
 * states what its source states, so that the plan can say where the source contradicts itself.
 */
import type { Layer } from './inputs.ts';
import { assumed, given, type Quantity } from './quantity.ts';
import type { ClaimName } from './settings.ts';

export interface Profile {
  readonly title: string;
  readonly aliases: readonly string[];
  readonly inputs: Layer;
  readonly claims: Readonly<Partial<Record<ClaimName, number>>>;
}

const layer = (inputs: Readonly<Record<string, Quantity>>): Layer =>
  new Map(Object.entries(inputs));

const B = 'source B';
const C = 'source C';

export const PROFILES = {
  'a-800m': {
    title: '800M monthly users, 55B messages a day (source A)',
    aliases: ['800m', 'a'],
    inputs: layer({}),
    claims: {
      messagesPerSecond: 636e3,
      textPerDay: 8.25e12,
      mediaPerDay: 16.5e15,
      storedTotal: 100e15,
    },
  },
  'b-200m-dau': {
    title: '1B monthly and 200M daily users, 40 messages each (source B)',
    aliases: ['b-1b-mau', '1b-mau', '200m-dau', '1b', 'b'],
    inputs: layer({
      'traffic.monthlyUsers': given(1e9, B),
      'traffic.dailyUsers': given(200e6, B),
      'traffic.messagesPerDay': given(0, `${B}: daily users × messages of each`),
      'traffic.messagesPerUser': given(40, B),
      'traffic.textBytes': given(200, B),
      'traffic.mediaShare': given(0.05, B),
      'traffic.mediaBytes': given(500e3, B),
      'traffic.readsPerWrite': given(5, B),
      'traffic.botCallsPerDay': assumed(0, 'B has no bots'),
      'supergroups.bursts': assumed(0, 'B has no supergroups of this size'),
      'slo.deliveryMs': assumed(100, 'B promises none; as A'),
      'slo.hopMs': assumed([50, 75, 100], 'as A'),
      'slo.availability': assumed(0.9999, 'as A'),
    }),
    claims: {
      messagesPerDay: 8e9,
      messagesPerSecond: 92e3,
      readsPerSecond: 460e3,
      textPerDay: 1.6e12,
      mediaPerDay: 80e12,
      storedPerDay: 81.6e12,
      storedTenYears: 297e15,
      bytesIn: 2.3e9,
      bytesOut: 11.6e9,
      bytesBoth: 13.9e9,
    },
  },
  'c-900m': {
    title: '900M active users, hundreds of millions of open connections (source C)',
    aliases: ['900m', 'c'],
    inputs: layer({
      'traffic.monthlyUsers': given(900e6, C),
      'traffic.dailyUsers': assumed([360e6, 495e6, 630e6], '40 to 70 % of active users'),
      'traffic.messagesPerDay': assumed(900e6 * 68.75, '68.75 a user a day, as A'),
      'traffic.textBytes': assumed(150, 'as A'),
      'traffic.mediaShare': assumed(0.3, 'as A'),
      'traffic.mediaBytes': assumed(1e6, 'as A'),
      'traffic.botCallsPerDay': assumed(15e9, 'as A'),
      'supergroups.members': assumed(200e3, 'as A'),
      'supergroups.burstPerMinute': assumed(10e3, 'as A'),
      'sessions.openConnections': given(
        [200e6, 300e6, 500e6],
        `${C}: "hundreds of millions"; the interval is an assumption`,
      ),
      'slo.deliveryMs': assumed(100, 'as A'),
      'slo.hopMs': assumed([50, 75, 100], 'as A'),
      'slo.availability': assumed(0.9999, 'as A'),
    }),
    claims: {},
  },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof PROFILES;
export const PROFILE_NAMES = Object.keys(PROFILES) as [ProfileName, ...ProfileName[]];
export const DEFAULT_PROFILE: ProfileName = 'a-800m';

/** The profile of a name or alias, in any case. */
export function profileNamed(text: string): ProfileName | undefined {
  const wanted = text.toLowerCase();
  return PROFILE_NAMES.find((name) => {
    const aliases: readonly string[] = PROFILES[name].aliases;
    return name === wanted || aliases.includes(wanted);
  });
}
