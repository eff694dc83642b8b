/**
 * Where the datacentres are, who is at home where, and how far they are from each other. The
 * values come from a file (five-datacentres.json unless the user brings another one).
 */

/** One datacentre. `id` is what clients know it by: 1 to 5 in Telegram's own numbering. */
export interface Site {
  readonly id: number;
  readonly name: string;
  /** Degrees, north and east positive. */
  readonly latitude: number;
  readonly longitude: number;
}

/** Replaces the distance-based latency of one directed link. */
export interface LinkOverride {
  readonly from: number;
  readonly to: number;
  readonly oneWayMs: number;
}

export interface Topology {
  readonly sites: readonly Site[];
  /** Speed of light in fibre, km per millisecond (refractive index about 1.468: 204). */
  readonly fibreKmPerMs: number;
  /** Real cable length over great-circle distance (see ARCHITECTURE.md for its check). */
  readonly pathFactor: number;
  readonly linkOverrides: readonly LinkOverride[];
  /** One-way delay between a user's device and the nearest datacentre: median and spread, ms. */
  readonly access: { readonly medianMs: number; readonly jitterMs: number };
  /** Prefix of an international number without "+", to home DC; the longest prefix wins. */
  readonly homeByPrefix: Readonly<Record<string, number>>;
  readonly homeByDefault: number;
}

/** Test numbers 99966XYYYY live in DC X, and their sign-in code is X five times. */
const TEST_PHONE = /^99966(\d)\d{4}$/;

/** The home DC that a test number names, or undefined for an ordinary number. */
export function testPhoneHome(phone: string): number | undefined {
  const match = TEST_PHONE.exec(phone);
  return match ? Number(match[1]) : undefined;
}

/** Home DC of a phone number given as digits, country calling code first. */
export function homeOfPhone(topology: Topology, phone: string): number {
  const test = testPhoneHome(phone);
  if (test !== undefined && topology.sites.some((site) => site.id === test)) return test;
  for (let length = Math.min(phone.length, 7); length > 0; length--) {
    const home = topology.homeByPrefix[phone.slice(0, length)];
    if (home !== undefined) return home;
  }
  return topology.homeByDefault;
}

const EARTH_RADIUS_KM = 6371.0088; // mean radius, IUGG

/** Great-circle distance in km (haversine formula). */
export function distanceKm(
  a: { latitude: number; longitude: number },
  b: { latitude: number; longitude: number },
): number {
  const radians = Math.PI / 180;
  const dLat = (b.latitude - a.latitude) * radians;
  const dLon = (b.longitude - a.longitude) * radians;
  const h =
    Math.sin(dLat / 2) ** 2 +
    Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(h));
}

export function siteOf(topology: Topology, dc: number): Site {
  const site = topology.sites.find((candidate) => candidate.id === dc);
  if (!site) throw new Error(`no datacentre ${dc}; there are ${dcIds(topology).join(', ')}`);
  return site;
}

export function dcIds(topology: Topology): number[] {
  return topology.sites.map((site) => site.id);
}

/** One-way backbone latency from DC to DC, rounded to whole milliseconds (same on every engine). */
export function oneWayMs(topology: Topology, from: number, to: number): number {
  if (from === to) return 0;
  const override = topology.linkOverrides.find((link) => link.from === from && link.to === to);
  if (override) return override.oneWayMs;
  const km = distanceKm(siteOf(topology, from), siteOf(topology, to));
  return Math.max(1, Math.round((km * topology.pathFactor) / topology.fibreKmPerMs));
}

/** The other DCs, nearest first: where a user goes when the DC `from` is out. */
export function nearestOthers(topology: Topology, from: number): number[] {
  return dcIds(topology)
    .filter((dc) => dc !== from)
    .sort((a, b) => oneWayMs(topology, from, a) - oneWayMs(topology, from, b) || a - b);
}
