/**
 * What a plan says besides numbers: how many losses it must survive, where the users of a lost
 * datacentre go, a fleet that exists already.
 */

export const ROLES = ['front', 'router', 'store', 'media'] as const;
export type Role = (typeof ROLES)[number];

/** Servers of each role in one datacentre. */
export type RoleCounts = Readonly<Record<Role, number>>;

export interface Settings {
  readonly name: string;
  readonly title: string;
  /** Lost datacentres that the fleet is sized for: 0, 1 or 2 at once. */
  readonly survive: 0 | 1 | 2;
  /** Where the users of a lost datacentre go: all to the nearest, or to all by their size. */
  readonly failover: 'nearest' | 'spread';
  /** First month of the plan, "YYYY-MM". */
  readonly start: string;
  /** Lengths of the outages whose backlog is reckoned. */
  readonly outageMinutes: readonly number[];
  /** Servers that are there, by datacentre id; without it the fleet is sized. */
  readonly fleet?: Readonly<Record<string, RoleCounts>>;
  /** Prices of a datacentre over the price file's, by id; 1 where absent. */
  readonly dcPriceFactors: Readonly<Record<string, number>>;
  /** What a source states, to be compared with what its inputs give; by claim. */
  readonly claims: Readonly<Partial<Record<ClaimName, number>>>;
}

/** Figures that sources state, each with its unit; claims.ts has the formulas. */
export const CLAIMS = {
  messagesPerDay: 'messages/day',
  messagesPerSecond: 'messages/s',
  readsPerSecond: 'reads/s',
  textPerDay: 'bytes/day',
  mediaPerDay: 'bytes/day',
  storedPerDay: 'bytes/day',
  storedTenYears: 'bytes',
  storedTotal: 'bytes',
  bytesIn: 'bytes/s',
  bytesOut: 'bytes/s',
  bytesBoth: 'bytes/s',
} as const;
export type ClaimName = keyof typeof CLAIMS;
export const CLAIM_NAMES = Object.keys(CLAIMS) as [ClaimName, ...ClaimName[]];

export const BASE_SETTINGS: Omit<Settings, 'name' | 'title'> = {
  survive: 1,
  failover: 'nearest',
  start: '2027-01',
  outageMinutes: [1, 10, 60, 360, 1440],
  dcPriceFactors: {},
  claims: {},
};
