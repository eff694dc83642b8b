/**
 * The shape of a plan file, for people and for machines: one zod schema made from the tables of
 * inputs. Unknown keys are errors; every number may be a number, a number with its origin, or an
 * interval.
 */
import { z } from 'zod';
import { INPUTS, SECTIONS, type Section } from './inputs.ts';
import { PROFILE_NAMES } from './profiles.ts';
import { type Field, ORIGINS } from './quantity.ts';
import { CLAIM_NAMES, CLAIMS, ROLES } from './settings.ts';

export const OUTAGES_MAX = 20;
const SERVERS_MAX = 1e9;

const origin = {
  from: z.enum(ORIGINS).optional().describe('how it is known; "given" where absent'),
  source: z.string().min(1).max(300).optional().describe('where it comes from'),
};

/** By "min max": fields with the same limits share one, and the published schema refers to it. */
const quantities = new Map<string, ReturnType<typeof quantityWithin>>();

function quantity({ unit, min, max, about }: Field) {
  const limits = `${min} ${max}`;
  const shared = quantities.get(limits) ?? quantityWithin(min, max);
  quantities.set(limits, shared);
  return shared.describe(`${about} (${unit})`);
}

/** A number, {value, from, source}, or {low, mode, high, from, source}. */
function quantityWithin(min: number, max: number) {
  const number = z.number().min(min).max(max);
  return z.union([
    number,
    z.strictObject({ value: number, ...origin }),
    z
      .strictObject({ low: number, mode: number, high: number, ...origin })
      .refine(({ low, mode, high }) => low <= mode && mode <= high, {
        message: 'low, mode and high must not decrease',
      }),
  ]);
}

export type GivenQuantity = z.infer<ReturnType<typeof quantity>>;

function section(name: Section) {
  const fields = Object.entries<Field>(INPUTS[name]);
  const shape = Object.fromEntries(
    fields.map(([field, declared]) => [field, quantity(declared).optional()]),
  );
  return z.strictObject(shape).optional();
}

const sections = Object.fromEntries(SECTIONS.map((name) => [name, section(name)])) as {
  readonly [S in Section]: ReturnType<typeof section>;
};

const dcId = z.string().regex(/^[1-9]\d?$/, 'use ids of datacentres, such as "1"');
const servers = z.number().int().min(1).max(SERVERS_MAX);

export const PLAN_FILE = z
  .strictObject({
    extends: z
      .enum(PROFILE_NAMES)
      .optional()
      .describe('profile whose values stand wherever this file says nothing; a-800m if absent'),
    name: z
      .string()
      .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'use small letters, digits and hyphens')
      .max(60)
      .optional(),
    title: z.string().min(1).max(200).optional(),
    survive: z
      .literal([0, 1, 2])
      .optional()
      .describe('datacentres lost at once that the fleet must bear'),
    failover: z
      .enum(['nearest', 'spread'])
      .optional()
      .describe('users of a lost datacentre go to the nearest, or to all by their size'),
    start: z
      .string()
      .regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'use a month such as "2027-01"')
      .optional()
      .describe('first month of the plan'),
    outageMinutes: z
      .array(z.number().min(0.1).max(100_000))
      .min(1)
      .max(OUTAGES_MAX)
      .optional()
      .describe('lengths of outages whose backlog is reckoned'),
    fleet: z
      .record(dcId, z.strictObject(Object.fromEntries(ROLES.map((role) => [role, servers]))))
      .optional()
      .describe('servers that are there, by datacentre id and role; without it they are sized'),
    dcPriceFactors: z
      .record(dcId, z.number().min(0).max(100))
      .optional()
      .describe("prices of a datacentre over the price file's"),
    claims: z
      .strictObject(
        Object.fromEntries(
          CLAIM_NAMES.map((name) => [
            name,
            z.number().positive().max(1e24).optional().describe(CLAIMS[name]),
          ]),
        ),
      )
      .optional()
      .describe('what a source states, to be compared with what its inputs give'),
    ...sections,
  })
  .describe('A capacity plan of Quincunx: quincunx plan FILE');

export type PlanFile = z.infer<typeof PLAN_FILE>;

/** A price file: the numbers of the section "prices", and what differs from place to place. */
export const PRICE_FILE = z
  .strictObject({
    title: z.string().min(1).max(200).optional(),
    dcPriceFactors: PLAN_FILE.shape.dcPriceFactors,
    prices: sections.prices.unwrap(),
  })
  .describe('Prices for quincunx plan --prices FILE');

export type PriceFile = z.infer<typeof PRICE_FILE>;
