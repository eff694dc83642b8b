/** What the MTProto layer of a server asks of its host, and what it hands to it. */
import type { Clock } from '../environment/clock.ts';
import type { Randomness } from '../environment/randomness.ts';
import type { RpcError } from '../schema/errors.ts';
import type { TlResult, tl } from '../schema/tl.ts';
import type { InitInfo } from '../schema/unwrap.ts';
import type { AuthKey } from './auth-key.ts';
import type { MtprotoCrypto, RsaKey } from './crypto.ts';
import type { ServerLimits } from './limits.ts';
import type { SessionTable } from './session-table.ts';

export interface ServerHost {
  readonly crypto: MtprotoCrypto;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly rsaKeys: readonly RsaKey[];
  readonly dc: number;
  /**
   * Server salts derive from it: the same for all front servers of a datacentre, at least 32 bytes.
   */
  readonly saltSecret: Uint8Array;
  readonly limits: ServerLimits;
  /** One for all connections of the host: sessions outlive their connections in it. */
  readonly sessions: SessionTable;
  /** By auth_key_id as 16 hex digits. A rejection closes the connection. */
  findAuthKey(authKeyId: string): AuthKey | undefined | Promise<AuthKey | undefined>;
  /** Resolves once the key is durable; only then is the client told. */
  saveAuthKey(key: AuthKey): Promise<void>;
  sessionOpened(session: ServerSession): void;
  /** Called once for each session opened; nothing can be sent to it afterwards. */
  sessionClosed(session: ServerSession): void;
  /** A method call, decoded, unwrapped and seen for the first time. Must not throw. */
  request(session: ServerSession, call: RpcCall): void;
}

export interface ServerSession {
  readonly authKey: AuthKey;
  /** 16 hex digits. */
  readonly sessionId: string;
  /** From invokeWithLayer; 0 before the first. */
  layer: number;
  /** Set by the first call that is not wrapped in invokeWithoutUpdates. */
  wantsUpdates: boolean;
  /** From initConnection. */
  readonly init: { readonly apiId: number; readonly info: InitInfo } | undefined;
  /** The host's own. */
  context: unknown;
  /** Whether a connection carries it now; what is sent meanwhile waits, within limits. */
  readonly connected: boolean;
  /**
   * `body` is an encoded `Updates` of layer 223; it is not copied and must not change. Sessions of
   * another layer get it converted, once for all of them when they are given the same array.
   */
  sendUpdate(body: Uint8Array): void;
  /** Forgets the session and ends its connection after what was sent. */
  close(): void;
}

export interface RpcCall {
  readonly method: tl.RpcMethod;
  readonly requestMsgId: bigint;
  /** The first of `reply` and `fail` counts. Bytes are an encoded result of layer 223. */
  reply(result: TlResult | Uint8Array): void;
  fail(error: RpcError): void;
}
