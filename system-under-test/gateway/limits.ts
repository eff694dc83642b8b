/** Every limit of the gateway in one place. Each says its unit and what happens beyond it. */
import assert from 'node:assert/strict';

export const GATEWAY_LIMITS = {
  /** Body of a request: 4,096 characters of text, each of which JSON may write as `\uXXXX`. */
  bodyBytesMax: 32 << 10,
  /** A request that has not come whole, or has no answer, after so long: 408, 503. */
  requestMs: 10_000,
  /** A connection on which nothing is asked is closed after so long. */
  keepAliveMs: 60_000,
  /** Connections of one DC's gateway, WebSockets included; beyond it none is taken up. */
  connectionsMax: 20_000,
  /** Requests under way; beyond it 503. */
  requestsPendingMax: 5_000,

  /** Requests of one user a second in the long run, and at once; beyond it 429. */
  userRequestsPerSecond: 50,
  userRequestsBurst: 100,
  /** The same for signing in, by network address. */
  signInsPerSecond: 200,
  signInsBurst: 400,
  /** Users and addresses of whom the rate is remembered. */
  ratesKeptMax: 100_000,
  /** Tokens of which is remembered what they have seen; of others, the first read goes home. */
  tokensKeptMax: 100_000,
  /** A token is good for so long. */
  tokenMs: 30 * 24 * 3_600_000,

  /** Bytes that wait for a WebSocket that does not read; beyond it, it is closed (1013). */
  eventsBufferedBytesMax: 1 << 20,
  /** A frame of a client: only its token is expected. */
  clientFrameBytesMax: 1_024,
  /** A WebSocket without a token is closed after so long. */
  tokenWaitMs: 5_000,
  /** Each so long a WebSocket is pinged; one that has not answered by the next time is closed. */
  pingMs: 20_000,

  /** Messages and chats in one page; events in one answer of /v1/updates. */
  pageMax: 100,
  updatesMax: 1_000,
} as const;

assert(GATEWAY_LIMITS.userRequestsBurst >= GATEWAY_LIMITS.userRequestsPerSecond);
assert(GATEWAY_LIMITS.keepAliveMs > GATEWAY_LIMITS.requestMs, 'a request outlasts its connection');
assert(GATEWAY_LIMITS.bodyBytesMax < GATEWAY_LIMITS.eventsBufferedBytesMax);
