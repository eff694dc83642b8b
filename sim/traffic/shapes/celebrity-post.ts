/**
 * One post in a channel with millions of subscribers, and the wave behind it: those who see it
 * react, comment in the channel's discussion, and pass it on; those who had it muted come and look.
 */
import { channelSubscribers } from '../audiences.ts';
import type { Hub } from '../hubs.ts';
import { REQUESTS } from '../kinds.ts';
import { Pulse } from '../pulse.ts';
import { AT_SECONDS, factsOf, numbersOf, optionalDc, secondsField, shareField } from './fields.ts';
import { ATTENDANCE, addMessages, homeOf, listenersOf, memberShares } from './members.ts';
import type { NumberFields, Numbers, ShapeContext, ShapeDefinition } from './shape.ts';
import { burstHub, postsProblem } from './supergroup-burst.ts';
import { short, whole } from './words.ts';

export interface CelebrityPost {
  readonly kind: 'celebrity_post';
  readonly atSeconds: number;
  /** Home of the channel. Default: the DC with most users. */
  readonly dc?: number;
  readonly subscribers?: number;
  /** Share of the subscribers who see it at all. */
  readonly viewShare?: number;
  /** Half of the views have happened after so long. */
  readonly halfLifeSeconds?: number;
  /** Shares of those who see it. */
  readonly reactionShare?: number;
  readonly commentShare?: number;
  readonly forwardShare?: number;
  /** Share of those who see it who keep its discussion open. */
  readonly discussionShare?: number;
  readonly connectedShare?: number;
  readonly unmutedShare?: number;
}

const NUMBERS = {
  atSeconds: AT_SECONDS,
  subscribers: {
    min: 1000,
    max: 1e9,
    whole: true,
    default: channelSubscribers(2),
    unit: 'people',
    source: "assumed: the second by Zipf's law below a first of 10 million",
  },
  viewShare: shareField(0.4, 'assumed'),
  halfLifeSeconds: secondsField(1200, 'assumed'),
  reactionShare: shareField(0.03, 'assumed'),
  commentShare: shareField(0.002, 'assumed'),
  forwardShare: shareField(0.01, 'assumed'),
  discussionShare: shareField(0.01, 'assumed'),
  ...ATTENDANCE,
} as const satisfies NumberFields;
type Values = Numbers<typeof NUMBERS>;

/** Answers among the comments: fewer than in a supergroup's talk. Assumed. */
const DISCUSSION = { branching: 0.3, replySeconds: 60 } as const;
const DISCUSSION_MEMBERS_MAX = 200_000;
const RISE_SECONDS = 10;
const REACTION = REQUESTS.indexOf('reaction');
const DIFFERENCE = REQUESTS.indexOf('difference');

export const celebrityPost: ShapeDefinition = {
  numbers: NUMBERS,
  others: { dc: optionalDc },
  check(shape) {
    const { subscribers, viewShare, commentShare } = numbersOf(NUMBERS, shape);
    return postsProblem((subscribers * viewShare * commentShare) / (1 - DISCUSSION.branching));
  },
  build(shape, context) {
    const values = numbersOf(NUMBERS, shape);
    const { atSeconds, subscribers, viewShare } = values;
    const dcCount = context.dcIds.length;
    const home = homeOf(context, (shape as CelebrityPost).dc);
    const shares = memberShares(context, home);
    const viewers = subscribers * viewShare;
    const views = new Pulse({
      riseSeconds: RISE_SECONDS,
      holdSeconds: 0,
      halfLifeSeconds: values.halfLifeSeconds,
    });
    const channel = channelHub(context, home, values);
    const discussion = discussionHub(context, home, values, views);
    const pushed = channel.listeners.reduce((sum, count) => sum + count, 0);
    // Who has it pushed need not ask for it; everybody else who sees it does.
    const asking = Math.max(0, viewers - pushed * viewShare);
    const viewsAt = (second: number): number => views.at(second - atSeconds) / views.area;
    return {
      kind: 'celebrity_post',
      label:
        `a channel of ${short(subscribers)} at DC ${context.dcIds[home]} posts: pushed to ` +
        `${whole(pushed)}, seen by ${short(viewers)}, ` +
        `${whole(viewers * values.reactionShare)} reactions, ` +
        `${whole(viewers * values.commentShare)} comments besides their answers`,
      fromSecond: atSeconds,
      toSecond: atSeconds + views.seconds,
      facts: factsOf(NUMBERS, shape),
      hubs: [channel, discussion],
      addRates(second, out) {
        const rate = viewsAt(second) * viewers * values.forwardShare;
        for (let dc = 0; dc < dcCount; dc++) addMessages(context, out, dc, rate * shares[dc]!);
      },
      addRequests(second, out) {
        const now = viewsAt(second);
        for (let dc = 0; dc < dcCount; dc++) {
          out[REACTION * dcCount + dc]! += now * viewers * values.reactionShare * shares[dc]!;
          out[DIFFERENCE * dcCount + dc]! += now * asking * shares[dc]!;
        }
      },
    };
  },
};

function channelHub(context: ShapeContext, home: number, values: Values): Hub {
  const { atSeconds, subscribers } = values;
  return {
    id: `channel-${context.index + 1}`,
    kind: 'channel',
    homeDc: home,
    members: subscribers,
    listeners: listenersOf(context, home, subscribers, atSeconds, values),
    posts: () => Float64Array.of(atSeconds),
  };
}

/** Comments are posts of the supergroup that belongs to the channel. */
function discussionHub(context: ShapeContext, home: number, values: Values, views: Pulse): Hub {
  const viewers = values.subscribers * values.viewShare;
  const rates = views.values.map((view) => (view / views.area) * viewers * values.commentShare);
  const members = Math.max(2, Math.round(viewers * values.discussionShare));
  return burstHub(context, {
    id: `channel-${context.index + 1}-comments`,
    home,
    members: Math.min(DISCUSSION_MEMBERS_MAX, members),
    atSeconds: values.atSeconds,
    burst: { law: DISCUSSION, immigrants: rates },
    // They have it open at this moment: all are connected, and nobody has muted what he reads.
    connectedShare: 1,
    unmutedShare: 1,
  });
}
