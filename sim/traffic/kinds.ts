/**
 * What people send, by what it costs: each message is of one kind, and a load has a rate for each.
 * A kind says who receives it; costs are the model's, sizes are in sizes.ts.
 */

export const KINDS = ['direct', 'group', 'supergroup', 'channel', 'bot', 'media'] as const;
/**
 * - `direct`: one person to one person.
 * - `group`: to a basic group of up to 200 people.
 * - `supergroup`: a post to up to 200,000 members, pushed to those online who have not muted it.
 * - `channel`: an administrator's post to any number of subscribers.
 * - `bot`: a call of the Bot API; it is no message, and is counted apart.
 * - `media`: one person to one person, with a file.
 */
export type Kind = (typeof KINDS)[number];

export const BOT: number = KINDS.indexOf('bot');

/** Share of all messages; `bot` is the number of bot calls for each message. */
export type Mix = Readonly<Record<Kind, number>>;

/** Every message one to one, as in profile A's plain reading. */
export const ALL_DIRECT: Mix = {
  direct: 1,
  group: 0,
  supergroup: 0,
  channel: 0,
  bot: 0,
  media: 0,
};

/**
 * A messenger as profile A describes it. Given there: 30 % of messages with media, and 15 billion
 * bot calls beside 55 billion messages a day. Assumed, as no operator publishes it: how the other
 * 70 % divide into one-to-one (45 %), basic groups (20 %), supergroups (4.5 %) and channels
 * (0.5 %).
 */
const MESSENGER: Mix = {
  direct: 0.45,
  group: 0.2,
  supergroup: 0.045,
  channel: 0.005,
  bot: 15 / 55,
  media: 0.3,
};

export const MIXES: Readonly<Record<'all-direct' | 'messenger', Mix>> = {
  'all-direct': ALL_DIRECT,
  messenger: MESSENGER,
};
export type MixName = keyof typeof MIXES;

/** Most bot calls for each message: more is no mix but a storm. */
const BOT_MAX = 1000;

/** Everything that is wrong with a mix from a person's file. */
export function mixProblems(value: unknown): string[] {
  const names = Object.keys(MIXES).join(', ');
  if (typeof value === 'string') {
    return Object.hasOwn(MIXES, value) ? [] : [`"${value}" is not a mix; use ${names}`];
  }
  if (typeof value !== 'object' || value === null) return [`use ${names}, or a share of each kind`];
  const given = value as Readonly<Record<string, unknown>>;
  const problems = Object.keys(given)
    .filter((name) => !(KINDS as readonly string[]).includes(name))
    .map((name) => `${name} is not a kind; use ${KINDS.join(', ')}`);
  for (const kind of KINDS) {
    const share = given[kind];
    const max = kind === 'bot' ? BOT_MAX : 1;
    if (typeof share !== 'number' || !(share >= 0 && share <= max)) {
      problems.push(
        `${kind}: ${JSON.stringify(share)} is not right; use a number from 0 to ${max}`,
      );
    }
  }
  if (problems.length > 0) return problems;
  const sum = KINDS.reduce(
    (total, kind) => total + (kind === 'bot' ? 0 : (given[kind] as number)),
    0,
  );
  if (Math.abs(sum - 1) > 1e-9) {
    problems.push(`the shares of messages (all but bot) add up to ${sum}; use shares that give 1`);
  }
  return problems;
}

export function mixOf(mix: MixName | Mix): Mix {
  return typeof mix === 'string' ? MIXES[mix] : mix;
}

/** What a device or a server asks beside messages; a rate each. */
export const REQUESTS = ['reconnect', 'difference', 'reaction'] as const;
/**
 * - `reconnect`: a device opens a connection again and resumes its session.
 * - `difference`: it asks what it has missed (updates.getDifference and its like).
 * - `reaction`: a reaction to a post; no message, but a write at the chat's home.
 */
export type RequestKind = (typeof REQUESTS)[number];
