/**
 * The front server of a DC: terminates MTProto, knows which user a session belongs to, answers
 * what needs no home DC (configuration, signing in), and hands everything else to the router.
 */
import type { Environment, Listener } from '../environment/index.ts';
import type { MtprotoCrypto } from '../mtproto/crypto.ts';
import type { RsaKey } from '../mtproto/rsa.ts';
import {
  type AuthKey,
  DEFAULT_LIMITS,
  type RpcCall,
  ServerConnection,
  type ServerHost,
  type ServerSession,
  SessionTable,
} from '../mtproto/server-connection.ts';
import { RpcError } from '../schema/errors.ts';
import type { tl } from '../schema/tl.ts';
import type { ServiceContext } from '../services/context.ts';
import { type DcAddress, getAppConfig, getConfig, getNearestDc } from '../services/help.ts';
import { logOut, type SignedIn, sendCode, signIn, signUp } from '../services/sign-in.ts';
import type { SignInCodes } from '../services/sign-in-codes.ts';
import type { Answer } from '../services/table.ts';
import { birthDcOf } from './keys.ts';
import { LinkDownError } from './outgoing-link.ts';
import { OwnerLookup } from './owner-lookup.ts';
import { encodeAnswer, type Router } from './router.ts';
import { derivedKey } from './seal.ts';
import { contextOf, type SessionContext } from './session-context.ts';

const AUTH_KEY_BYTES = 256;

export interface FrontOptions {
  readonly listen: string;
  readonly environment: Environment;
  readonly crypto: MtprotoCrypto;
  readonly rsaKeys: readonly RsaKey[];
  readonly secret: Uint8Array;
  readonly context: ServiceContext;
  readonly codes: SignInCodes;
  readonly router: Router;
  readonly addresses: () => readonly DcAddress[];
}

export class Front {
  readonly #o: FrontOptions;
  readonly #host: ServerHost;
  readonly #sessions = new Set<ServerSession>();
  #listener: Listener | undefined;

  constructor(options: FrontOptions) {
    this.#o = options;
    const { context, environment, crypto, rsaKeys, secret } = options;
    this.#host = {
      crypto,
      clock: environment.clock,
      randomness: environment.randomness,
      rsaKeys,
      dc: context.dc,
      saltSecret: derivedKey(secret, 'server salts'),
      limits: DEFAULT_LIMITS,
      sessions: new SessionTable(environment.clock, DEFAULT_LIMITS),
      findAuthKey: (id) => this.#findAuthKey(id),
      saveAuthKey: async (key) => context.directory.addKey(key),
      sessionOpened: (session) => this.#opened(session),
      sessionClosed: (session) => this.#closed(session),
      request: (session, call) => this.#request(session, call),
    };
  }

  get address(): string {
    if (!this.#listener) throw new Error('the front server is not listening yet');
    return this.#listener.address;
  }

  async listen(): Promise<void> {
    const { environment, listen } = this.#o;
    this.#listener = await environment.network.listen(listen, (connection) => {
      new ServerConnection(this.#host, connection);
    });
  }

  async stop(): Promise<void> {
    await this.#listener?.close();
    for (const session of this.#sessions) session.close();
  }

  /** A key was signed out, here or at another DC: its sessions end. */
  endSessionsOf(authKeyId: string): void {
    for (const session of this.#sessions) {
      if (session.authKey.id === authKeyId) session.close();
    }
  }

  /** What the gateway has in common with it. */
  get parts(): FrontOptions {
    return this.#o;
  }

  /** A session of a signed-in user that came by another way than MTProto hears updates, too. */
  join(session: ServerSession, userId: number): void {
    this.#sessions.add(session);
    this.#belongs(session, contextOf(session), userId);
  }

  leave(session: ServerSession): void {
    if (this.#sessions.has(session)) this.#closed(session);
  }

  async #findAuthKey(id: string): Promise<AuthKey | undefined> {
    const key = (await this.#o.context.directory.authorization(id))?.key;
    return key?.key.length === AUTH_KEY_BYTES ? key : undefined; // not the hash of a token
  }

  #opened(session: ServerSession): void {
    const context: SessionContext = { userId: undefined, seen: new Map() };
    session.context = context;
    this.#sessions.add(session);
    const looked = this.#lateUser(session).onceKnown(() => Promise.resolve());
    looked.catch((error: Error) => {
      this.#o.environment.log.write('error', 'session_lookup_failed', { why: error.message });
      session.close();
    });
  }

  #belongs(session: ServerSession, context: SessionContext, userId: number): void {
    if (context.userId === userId || !this.#sessions.has(session)) return;
    if (context.userId !== undefined) this.#gone(context.userId, session);
    context.userId = userId;
    if (!this.#o.context.delivery.open(userId, session)) return;
    this.#o.context.audience.userCame(userId).catch((error: Error) => {
      this.#o.environment.log.write('error', 'memberships_unread', { why: error.message });
    });
  }

  #closed(session: ServerSession): void {
    this.#sessions.delete(session);
    const { userId } = contextOf(session);
    if (userId !== undefined) this.#gone(userId, session);
  }

  #gone(userId: number, session: ServerSession): void {
    const { delivery, audience } = this.#o.context;
    if (delivery.close(userId, session)) audience.userLeft(userId);
  }

  #request(session: ServerSession, call: RpcCall): void {
    const { method } = call;
    if (method._ === 'messages.sendMessage') this.#o.environment.trace?.('arrived', method.message);
    this.#answer(session, call.method)
      .then((answer) => call.reply(encodeAnswer(call.method, answer)))
      .catch((error: Error) => {
        if (error instanceof RpcError) return call.fail(error);
        this.#o.environment.log.write('error', 'request_failed', {
          method: call.method._,
          why: error.message,
        });
        call.fail(new RpcError(500, 'INTERNAL'));
      });
  }

  #answer(session: ServerSession, method: tl.RpcMethod): Promise<Answer | Uint8Array> {
    const { router } = this.#o;
    const { userId, seen, looking } = contextOf(session);
    const open = this.#withoutUser(session, method);
    if (open) return open;
    const routed = (owner: number): Promise<Answer | Uint8Array> =>
      router.route({ userId: owner, authKeyId: session.authKey.id, seen }, method);
    if (userId !== undefined && !looking) return routed(userId);
    return this.#lateUser(session).onceKnown(async (late) => {
      if (late === undefined) throw new RpcError(401, 'AUTH_KEY_UNREGISTERED');
      return routed(late);
    });
  }

  /**
   * The session may have been opened an instant ago, or its key signed in at another DC since. All
   * requests that come meanwhile wait for one and the same answer, so that they keep their order.
   */
  #lateUser(session: ServerSession): OwnerLookup {
    const context = contextOf(session);
    if (context.looking) return context.looking;
    const lookup = new OwnerLookup();
    context.looking = lookup;
    Promise.resolve(this.#o.context.directory.authorization(session.authKey.id)).then(
      (known) => {
        context.looking = undefined;
        if (known?.userId !== undefined) this.#belongs(session, context, known.userId);
        lookup.answered(known?.userId);
      },
      (error: Error) => {
        context.looking = undefined;
        lookup.failed(error);
      },
    );
    return lookup;
  }

  /** Methods that every DC answers to everyone; undefined for all others. */
  #withoutUser(session: ServerSession, method: tl.RpcMethod): Promise<tl.TlObject> | undefined {
    const { context, codes, addresses } = this.#o;
    switch (method._) {
      case 'help.getConfig':
        return Promise.resolve(getConfig(context, addresses()));
      case 'help.getNearestDc':
        return Promise.resolve(getNearestDc(context));
      case 'help.getAppConfig':
        return Promise.resolve(getAppConfig());
      case 'auth.sendCode':
        return (async () => sendCode(context, codes, method))();
      case 'auth.signIn':
        return this.#signedIn(session, signIn(context, codes, session.authKey, method));
      case 'auth.signUp':
        return this.#signedIn(session, signUp(context, codes, session.authKey, method));
      case 'auth.logOut':
        return this.#logOut(session);
      default:
        return undefined;
    }
  }

  async #signedIn(session: ServerSession, signing: Promise<SignedIn>): Promise<tl.TlObject> {
    const { answer, durable, userId } = await signing;
    await durable;
    if (userId !== undefined) {
      this.#belongs(session, contextOf(session), userId);
    }
    return answer;
  }

  async #logOut(session: ServerSession): Promise<tl.TlObject> {
    const userId = await this.#lateUser(session).onceKnown((owner) => Promise.resolve(owner));
    if (userId === undefined) throw new RpcError(401, 'AUTH_KEY_UNREGISTERED');
    await this.logOut(session.authKey.id, userId);
    return { _: 'auth.loggedOut' };
  }

  /** Rejects with HOME_DC_UNREACHABLE where the DC that registers the key is out of reach. */
  async logOut(authKeyId: string, userId: number): Promise<void> {
    const { context } = this.#o;
    const home = birthDcOf(userId); // where authorisations are registered, even after a move
    if (home === context.dc) {
      const { durable } = logOut(context, authKeyId);
      await durable;
    } else {
      try {
        await context.ask(home, { userId, authKeyId }, { _: 'auth.logOut' });
      } catch (error) {
        if (error instanceof LinkDownError) throw new RpcError(503, 'HOME_DC_UNREACHABLE');
        throw error;
      }
      context.directory.signedOut(authKeyId);
    }
    for (const other of this.#sessions) {
      if (other.authKey.id !== authKeyId) continue;
      this.#gone(userId, other);
      contextOf(other).userId = undefined;
    }
  }

  get openSessions(): number {
    return this.#sessions.size;
  }
}
