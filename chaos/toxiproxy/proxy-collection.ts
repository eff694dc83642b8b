/** All proxies of a server by name, and the calls that touch several of them. */
import { ApiError, notFoundProxy } from './api-error.ts';
import { booleanField, fieldsOf, listOf, stringField } from './json-body.ts';
import { LIMITS } from './limits.ts';
import { type ProxyContext, type ProxySettings, TcpProxy } from './tcp-proxy.ts';
import { checkName } from './toxic-settings.ts';

export interface ProxyBody extends ProxySettings {
  readonly enabled: boolean;
}

/** A populate call that stopped half way: what it made before is kept, and listed. */
export class PopulateError extends ApiError {
  readonly proxies: readonly TcpProxy[] | undefined;

  constructor(error: ApiError, proxies?: readonly TcpProxy[]) {
    super(error.status, error.message);
    this.proxies = proxies;
  }
}

export class ProxyCollection {
  readonly #context: ProxyContext;
  readonly #proxies = new Map<string, TcpProxy>();
  /** Calls that open or close listeners run one after the other. Toxics never wait for them. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(context: ProxyContext) {
    this.#context = context;
  }

  get(name: string): TcpProxy {
    const proxy = this.#proxies.get(name);
    if (!proxy) throw notFoundProxy();
    return proxy;
  }

  find(name: string): TcpProxy | undefined {
    return this.#proxies.get(name);
  }

  /** Sorted by name. */
  all(): TcpProxy[] {
    return [...this.#proxies.keys()].sort().map((name) => this.get(name));
  }

  /** Sorted by name. */
  json(): object {
    return Object.fromEntries(this.all().map((proxy) => [proxy.name, proxy.json()]));
  }

  create(body: unknown): Promise<TcpProxy> {
    const wanted = readProxy(body, '');
    return this.#inTurn(async () => {
      if (this.#proxies.has(wanted.name)) throw new ApiError(409, 'proxy already exists');
      return await this.#add(wanted);
    });
  }

  update(name: string, body: unknown): Promise<TcpProxy> {
    const fields = fieldsOf(body, 'a proxy');
    const listen = stringField(fields, 'listen');
    const upstream = stringField(fields, 'upstream');
    const enabled = booleanField(fields, 'enabled');
    return this.#inTurn(async () => {
      const proxy = this.get(name);
      await proxy.update({
        // An empty text is "not given", as in the real server.
        ...(listen ? { listen } : {}),
        ...(upstream ? { upstream } : {}),
        ...(enabled === undefined ? {} : { enabled }),
      });
      return proxy;
    });
  }

  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const proxy = this.get(name);
      this.#proxies.delete(name);
      await proxy.stop();
    });
  }

  /** Makes or replaces proxies; those that exist with the same addresses stay untouched. */
  populate(body: unknown): Promise<readonly TcpProxy[]> {
    const wanted = listOf(body, 'the proxies').map((item, index) =>
      readProxy(item, ` at proxy ${index + 1}`),
    );
    return this.#inTurn(async () => {
      const done: TcpProxy[] = [];
      for (const settings of wanted) {
        try {
          done.push(await this.#replace(settings));
        } catch (error) {
          throw error instanceof ApiError ? new PopulateError(error, done) : error;
        }
      }
      return done;
    });
  }

  /** Every proxy listens again, and no toxic is left. */
  reset(): Promise<void> {
    return this.#inTurn(async () => {
      for (const proxy of this.#proxies.values()) {
        await proxy.start();
        proxy.removeToxics();
      }
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      this.#closed = true;
      await Promise.all([...this.#proxies.values()].map((proxy) => proxy.stop()));
      this.#proxies.clear();
    });
  }

  async #replace(wanted: ProxyBody): Promise<TcpProxy> {
    const old = this.#proxies.get(wanted.name);
    if (old) {
      if (await old.sameAddresses(wanted.listen, wanted.upstream)) return old;
      this.#proxies.delete(wanted.name);
      await old.stop();
    }
    return await this.#add(wanted);
  }

  async #add(wanted: ProxyBody): Promise<TcpProxy> {
    if (this.#proxies.size >= LIMITS.proxiesMax) {
      throw new ApiError(400, `too many proxies: at most ${LIMITS.proxiesMax}`);
    }
    const proxy = new TcpProxy(wanted, this.#context);
    if (wanted.enabled) await proxy.start();
    this.#proxies.set(wanted.name, proxy);
    return proxy;
  }

  /** Nothing else opens, closes, makes or removes proxies meanwhile. */
  exclusively<Result>(run: () => Promise<Result>): Promise<Result> {
    return this.#inTurn(run);
  }

  #inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(() => {
      if (this.#closed) throw new ApiError(500, 'the server is closing');
      return run();
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** `place` is appended to errors, for lists. */
export function readProxy(body: unknown, place: string): ProxyBody {
  const fields = fieldsOf(body, 'a proxy');
  const name = stringField(fields, 'name') ?? '';
  const upstream = stringField(fields, 'upstream') ?? '';
  for (const [field, value] of Object.entries({ name, upstream })) {
    if (value === '') throw new ApiError(400, `missing required field: ${field}${place}`);
  }
  checkName(name);
  return {
    name,
    upstream,
    listen: stringField(fields, 'listen') ?? '',
    enabled: booleanField(fields, 'enabled') ?? true,
  };
}
