/**
 * What people send, by what it costs: each message is of one kind, and a load has a rate for each.
 * A kind says who receives it; sizes and costs are the model's.
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
