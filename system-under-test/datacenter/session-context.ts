/** What a front server keeps with a session. */
import type { ServerSession } from '../mtproto/server-connection.ts';
import type { Seen } from './freshness.ts';
import type { OwnerLookup } from './owner-lookup.ts';

export interface SessionContext {
  userId: number | undefined;
  /** Whose the session is, is being looked up: whoever waits for it, in the order of asking. */
  looking?: OwnerLookup | undefined;
  /** For each DC, the newest record of its stream that this session has seen something of. */
  readonly seen: Seen;
}

export function contextOf(session: ServerSession): SessionContext {
  return session.context as SessionContext;
}
