/**
 * What the gateway does, without HTTP: signs people in, and carries their requests out through the
 * same services, router and delivery as MTProto, so that both ways mean the same. Bodies have been
 * checked against the schemas of routes.ts before they come here.
 */
import type { Front } from '../datacenter/front.ts';
import { LruMap } from '../datacenter/lru-map.ts';
import type { SessionContext } from '../datacenter/session-context.ts';
import type { AuthKey } from '../mtproto/server-connection.ts';
import { decodeResult, decodeTl, type tl } from '../schema/tl.ts';
import type { Actor, ServiceContext } from '../services/context.ts';
import { type SignedIn, sendCode, signIn, signUp } from '../services/sign-in.ts';
import { longOfHex } from '../services/to-tl.ts';
import { channelName, inputPeer, peerName } from './chat-name.ts';
import { EventSession, type EventSink } from './event-session.ts';
import { GATEWAY_LIMITS } from './limits.ts';
import { Problem, tooMany, unauthorized } from './problem.ts';
import { RateLimit } from './rate-limit.ts';
import { eventsOf, eventsOfPush, type GatewayEvent, jsonMessage, jsonUser } from './to-json.ts';
import { newToken, ownerOf, readToken } from './tokens.ts';

/** An answer in HTTP's terms. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

/** Whose request it is. */
export interface Caller {
  readonly key: AuthKey;
  readonly userId: number;
  readonly seen: SessionContext['seen'];
}

export interface SignInBody {
  readonly phone: string;
  readonly codeId: string;
  readonly code: string;
  readonly firstName?: string;
  readonly lastName?: string;
}

export interface MessageBody {
  readonly clientId: string;
  readonly text: string;
  readonly replyTo?: number;
}

export class Gateway {
  readonly #front: Front;
  readonly #ctx: ServiceContext;
  readonly #tokens = new LruMap<string, Caller>(GATEWAY_LIMITS.tokensKeptMax);
  readonly #userRate: RateLimit;
  readonly #signInRate: RateLimit;
  #nextSession = 1;
  /** The last update that was told. */
  #heard: { readonly update: Uint8Array; readonly frames: readonly string[] } = {
    update: new Uint8Array(),
    frames: [],
  };

  constructor(front: Front) {
    const { context } = front.parts;
    this.#front = front;
    this.#ctx = context;
    const { clock } = context;
    const keptMax = GATEWAY_LIMITS.ratesKeptMax;
    this.#userRate = new RateLimit({
      clock,
      keptMax,
      perSecond: GATEWAY_LIMITS.userRequestsPerSecond,
      burst: GATEWAY_LIMITS.userRequestsBurst,
    });
    this.#signInRate = new RateLimit({
      clock,
      keptMax,
      perSecond: GATEWAY_LIMITS.signInsPerSecond,
      burst: GATEWAY_LIMITS.signInsBurst,
    });
  }

  /** Throws 401 for a token that is not good, 429 for a user who asks too often. */
  async caller(token: string | undefined): Promise<Caller> {
    const given = token === undefined ? undefined : readToken(token);
    if (!given) throw unauthorized();
    const known = await this.#ctx.directory.authorization(given.id);
    const userId = ownerOf(given, known, this.#ctx.clock.wallMs(), GATEWAY_LIMITS.tokenMs);
    if (userId === undefined) throw unauthorized();
    const waitSeconds = this.#userRate.take(String(userId));
    if (waitSeconds > 0) throw tooMany(waitSeconds);
    let caller = this.#tokens.get(given.id);
    if (caller?.userId !== userId) {
      caller = { key: given, userId, seen: new Map() };
      this.#tokens.set(given.id, caller);
    }
    return caller;
  }

  health(): Reply {
    const linked = this.#ctx.linkedToAll();
    return { status: 200, body: { dc: this.#ctx.dc, status: linked ? 'ok' : 'degraded' } };
  }

  /** Sends a sign-in code to a number that is at home here. */
  sendCode(address: string, { phone }: { readonly phone: string }): Reply {
    this.#admitSignIn(address);
    const { context, codes } = this.#front.parts;
    const settings = { _: 'codeSettings' } as const;
    const sent = sendCode(context, codes, {
      _: 'auth.sendCode',
      phoneNumber: phone,
      apiId: 0,
      apiHash: '',
      settings,
    });
    if (sent._ !== 'auth.sentCode') throw new Problem(500, 'INTERNAL', 'no code was sent');
    return { status: 201, body: { codeId: sent.phoneCodeHash } };
  }

  /** Code against token; with `firstName`, who is new gets an account. */
  async signIn(address: string, body: SignInBody): Promise<Reply> {
    this.#admitSignIn(address);
    const { context, codes, environment } = this.#front.parts;
    const { token, key } = newToken(environment.randomness, environment.clock.wallMs());
    const { phone: phoneNumber, codeId: phoneCodeHash, code: phoneCode } = body;
    const named = { phoneNumber, phoneCodeHash };
    let signed = await signIn(context, codes, key, { _: 'auth.signIn', ...named, phoneCode });
    if (signed.userId === undefined) signed = await this.#signUp(key, named, body);
    await signed.durable;
    if (signed.answer._ !== 'auth.authorization') throw unauthorized();
    return { status: 201, body: { token, user: jsonUser(context, signed.answer.user) } };
  }

  #signUp(
    key: AuthKey,
    named: { readonly phoneNumber: string; readonly phoneCodeHash: string },
    { firstName, lastName = '' }: SignInBody,
  ): Promise<SignedIn> {
    if (firstName === undefined) {
      throw new Problem(404, 'SIGN_UP_REQUIRED', 'nobody has this number yet: give a firstName');
    }
    const { context, codes } = this.#front.parts;
    return signUp(context, codes, key, { _: 'auth.signUp', ...named, firstName, lastName });
  }

  async signOut({ key, userId }: Caller): Promise<Reply> {
    await this.#front.logOut(key.id, userId);
    this.#front.endSessionsOf(key.id);
    return { status: 204 };
  }

  async me(caller: Caller): Promise<Reply> {
    const id: tl.TypeInputUser[] = [{ _: 'inputUserSelf' }];
    const users = (await this.#route(caller, { _: 'users.getUsers', id })) as tl.TypeUser[];
    return { status: 200, body: users[0] && jsonUser(this.#ctx, users[0]) };
  }

  async userByPhone(caller: Caller, phone: string): Promise<Reply> {
    const found = await this.#route(caller, { _: 'contacts.resolvePhone', phone });
    const { users } = found as tl.contacts.RawResolvedPeer;
    return { status: 200, body: users[0] && jsonUser(this.#ctx, users[0]) };
  }

  /** 201 once it is durable at home; 202 while it waits durably here for a home that is away. */
  async send(
    caller: Caller,
    chat: string,
    { clientId, text, replyTo }: MessageBody,
  ): Promise<Reply> {
    this.#ctx.trace?.('arrived', text);
    const reply = { _: 'inputReplyToMessage', replyToMsgId: replyTo ?? 0 } as const;
    const answer = (await this.#route(caller, {
      _: 'messages.sendMessage',
      peer: inputPeer(chat),
      message: text,
      randomId: longOfHex(clientId),
      ...(replyTo === undefined ? {} : { replyTo: reply }),
    })) as tl.TypeUpdates;
    return sentReply(answer, clientId);
  }

  async history(caller: Caller, chat: string, page: Page): Promise<Reply> {
    const peer = inputPeer(chat);
    const answer = (await this.#route(caller, {
      _: 'messages.getHistory',
      peer,
      offsetId: page.before ?? 0,
      offsetDate: 0,
      addOffset: 0,
      limit: page.limit,
      maxId: 0,
      minId: 0,
      hash: longOfHex('0000000000000000'),
    })) as tl.messages.TypeMessages;
    if (answer._ === 'messages.messagesNotModified') return { status: 200, body: { messages: [] } };
    const messages = answer.messages.flatMap((each) => jsonMessage(this.#ctx, each) ?? []);
    const { homes, linkedToAll, dc } = this.#ctx;
    const domain = peer._ === 'inputPeerChannel' ? peer.channelId : caller.userId;
    // An answer from a copy is marked as inexact while home is out of reach; so is any page.
    const isMarked = 'inexact' in answer && answer.inexact === true;
    const stale = isMarked && homes.of(domain) !== dc && !linkedToAll();
    return { status: 200, body: { messages, ...(stale ? { stale } : {}) } };
  }

  async chats(caller: Caller, limit: number): Promise<Reply> {
    const answer = (await this.#route(caller, {
      _: 'messages.getDialogs',
      offsetDate: 0,
      offsetId: 0,
      offsetPeer: { _: 'inputPeerEmpty' },
      limit,
      hash: longOfHex('0000000000000000'),
    })) as tl.messages.TypeDialogs;
    if (answer._ === 'messages.dialogsNotModified') return { status: 200, body: { chats: [] } };
    const titles = new Map<string, string>();
    for (const user of answer.users) {
      const shown = jsonUser(this.#ctx, user);
      if (shown) titles.set(shown.user, `${shown.firstName} ${shown.lastName}`.trim());
    }
    for (const chat of answer.chats) {
      if ('title' in chat) titles.set(channelName(this.#ctx, chat.id), chat.title);
    }
    const chats = answer.dialogs.flatMap((dialog) => {
      const chat = dialog._ === 'dialog' ? peerName(this.#ctx, dialog.peer) : undefined;
      if (chat === undefined || dialog._ !== 'dialog') return [];
      return [{ chat, title: titles.get(chat) ?? '', unread: dialog.unreadCount }];
    });
    return { status: 200, body: { chats } };
  }

  /** What has happened to the user since `after`, a pts of the `ready` event or of this answer. */
  async updates(caller: Caller, after: number): Promise<Reply> {
    const answer = (await this.#route(caller, {
      _: 'updates.getDifference',
      pts: after,
      date: 0,
      qts: 0,
    })) as tl.updates.TypeDifference;
    if (answer._ === 'updates.differenceEmpty') {
      return { status: 200, body: { events: [], pts: after, more: false } };
    }
    if (answer._ === 'updates.differenceTooLong') {
      return { status: 200, body: { events: [{ type: 'missed' }], pts: answer.pts, more: false } };
    }
    const isWhole = answer._ === 'updates.difference';
    const { pts } = isWhole ? answer.state : answer.intermediateState;
    const messages = answer.newMessages.flatMap((each): GatewayEvent[] => {
      const message = jsonMessage(this.#ctx, each);
      return message ? [{ type: 'message', pts, message }] : [];
    });
    const events = [...messages, ...eventsOf(this.#ctx, answer.otherUpdates)];
    return { status: 200, body: { events, pts, more: !isWhole } };
  }

  /**
   * Opens a stream of events. The first is `ready`, with the pts behind which events follow; those
   * of meanwhile may come before it. Returns what to call when the socket has closed.
   */
  async listen({ key, userId, seen }: Caller, sink: EventSink): Promise<() => void> {
    const session = new EventSession({
      authKey: key,
      sessionId: this.#sessionId(),
      context: { userId: undefined, seen },
      sink,
      framesOf: (update) => this.#framesOf(update),
    });
    const gone = (): void => {
      session.gone();
      this.#front.leave(session);
    };
    this.#front.join(session, userId);
    try {
      const state = await this.#route({ key, userId, seen }, { _: 'updates.getState' });
      session.tell({ type: 'ready', dc: this.#ctx.dc, pts: (state as tl.updates.RawState).pts });
    } catch (error) {
      gone();
      throw error;
    }
    return gone;
  }

  /** Sessions that hear the same are given the same bytes, one after the other: read once. */
  #framesOf(update: Uint8Array): readonly string[] {
    if (this.#heard.update !== update) {
      const events = eventsOfPush(this.#ctx, decodeTl(update) as tl.TlObject);
      this.#heard = { update, frames: events.map((event) => JSON.stringify(event)) };
    }
    return this.#heard.frames;
  }

  #sessionId(): string {
    return (this.#nextSession++).toString(16).padStart(16, '0');
  }

  #admitSignIn(address: string): void {
    const waitSeconds = this.#signInRate.take(address);
    if (waitSeconds > 0) throw tooMany(waitSeconds);
  }

  async #route({ key, userId, seen }: Caller, method: tl.RpcMethod): Promise<unknown> {
    const actor: Actor = { userId, authKeyId: key.id, seen };
    const answer = await this.#front.parts.router.route(actor, method);
    return answer instanceof Uint8Array ? decodeResult(method._, answer) : answer;
  }
}

export interface Page {
  /** Only messages with smaller ids. */
  readonly before?: number;
  readonly limit: number;
}

function sentReply(answer: tl.TypeUpdates, clientId: string): Reply {
  if (answer._ === 'updateShortSentMessage') {
    const { id, date } = answer;
    return { status: 201, body: { status: 'stored', clientId, id, date } };
  }
  const list = answer._ === 'updates' ? answer.updates : [];
  for (const update of list) {
    if (update._ === 'updateNewScheduledMessage' && update.message._ === 'message') {
      const { id: queued, date } = update.message;
      return { status: 202, body: { status: 'queued', clientId, queued, date } };
    }
    if (update._ === 'updateNewChannelMessage' && update.message._ === 'message') {
      const { id, date } = update.message;
      return { status: 201, body: { status: 'stored', clientId, id, date } };
    }
  }
  throw new Problem(500, 'INTERNAL', 'the message has no answer');
}
