/**
 * Errors as the gateway answers them: an HTTP status, and `{ "error": { "code", "message" } }`.
 * The codes are those of the MTProto API wherever it has one.
 */
import { errorNumber, RpcError } from '../schema/errors.ts';

export interface ProblemBody {
  readonly error: {
    /** Upper case, stable: what a program acts on. */
    readonly code: string;
    /** For people. */
    readonly message: string;
    /** The DC where this belongs, for status 421. */
    readonly dc?: number;
    /** Seconds after which the same request may succeed, for 429 and 503. */
    readonly retryAfter?: number;
  };
}

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly body: ProblemBody;

  constructor(status: number, code: string, message: string, more: Partial<Details> = {}) {
    super(message);
    this.status = status;
    this.body = { error: { code, message, ...more } };
  }
}

interface Details {
  readonly dc: number;
  readonly retryAfter: number;
}

const RETRY_SECONDS = 1;

/** Words for the codes that a client meets in ordinary use. */
const WORDS: Readonly<Record<string, string>> = {
  AUTH_KEY_UNREGISTERED: 'the token is not valid, or was signed out',
  HOME_DC_UNREACHABLE: 'the home datacentre is out of reach, and this cannot wait for it',
  MESSAGE_EMPTY: 'the text is empty',
  MESSAGE_TOO_LONG: 'the text is longer than 4,096 characters',
  PEER_ID_INVALID: 'there is no such chat, or it was not proven that you may know it',
  PHONE_CODE_EXPIRED: 'the code has expired; ask for a new one',
  PHONE_CODE_INVALID: 'the code is wrong',
  PHONE_NOT_OCCUPIED: 'nobody has signed up with this number',
  PHONE_NUMBER_INVALID: 'not an international phone number of 7 to 15 digits',
  RANDOM_ID_EMPTY: 'clientId must not be 0',
};

/** What a request is answered with that failed: never more than its error says. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (!(error instanceof RpcError)) {
    return new Problem(500, 'INTERNAL', 'the datacentre failed to answer this');
  }
  const { code, text } = error;
  const words = WORDS[text] ?? text.toLowerCase().replaceAll('_', ' ');
  const dc = errorNumber(error, 'PHONE_MIGRATE') ?? errorNumber(error, 'USER_MIGRATE');
  if (code === 303 && dc !== undefined) {
    return new Problem(421, text, `this number is at home in DC ${dc}: ask its gateway`, { dc });
  }
  const wait = errorNumber(error, 'FLOOD_WAIT');
  if (wait !== undefined) return tooMany(wait);
  if (code === 503) return new Problem(503, text, words, { retryAfter: RETRY_SECONDS });
  if (code < 0) return new Problem(504, 'TIMEOUT', 'nobody answered in time');
  if (code >= 400 && code < 500 && code !== 420) return new Problem(code, text, words);
  return new Problem(500, text, words);
}

export function tooMany(seconds: number): Problem {
  const retryAfter = Math.max(1, Math.ceil(seconds));
  const message = `too many requests; try again in ${retryAfter} s`;
  return new Problem(429, `FLOOD_WAIT_${retryAfter}`, message, { retryAfter });
}

export function unauthorized(): Problem {
  return problemOf(new RpcError(401, 'AUTH_KEY_UNREGISTERED'));
}
