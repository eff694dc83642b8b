/**
 * Drives a Toxiproxy, embedded or real, through toxiproxy-node-client: what a world needs of it in
 * the words of a world. Remembers what it populated, so that it can put it all back.
 */
import { type Proxy as ClientProxy, Toxiproxy } from 'toxiproxy-node-client';
import { BoundedHttpClient, ToxiproxyCallError } from './bounded-http-client.ts';

export interface ProxyPlace {
  /** Without "/", which the API could not address. */
  readonly name: string;
  /** "host:port"; port 0 takes a free one, see `ChaosDriver.listenOf`. */
  readonly listen: string;
  readonly upstream: string;
}

/** `upstream` carries what the dialling side sends, `downstream` what comes back to it. */
export type Stream = 'upstream' | 'downstream';

export interface Latency {
  readonly ms: number;
  /** Each chunk's delay varies by up to this, both ways. */
  readonly jitterMs: number;
}

/** A toxic to be made; its attributes are the API's own, whole numbers. */
export interface NewToxic {
  readonly name: string;
  readonly type: string;
  readonly stream: Stream;
  readonly attributes: Readonly<Record<string, number>>;
}

export interface ChaosDriverOptions {
  /** Every single call ends within this, milliseconds. Default 5000. */
  readonly timeoutMs?: number;
}

const STREAMS: readonly Stream[] = ['upstream', 'downstream'];
/** Calls under way at the same time: the real server works them off one by one anyway. */
const CALLS_AT_ONCE_MAX = 8;

export class ChaosDriver {
  readonly #api: Toxiproxy;
  readonly #proxies = new Map<string, ClientProxy>();
  /** The latency each proxy normally has, by its name. */
  readonly #latencies = new Map<string, Latency>();

  /** `url` of the API, such as http://127.0.0.1:8474. */
  constructor(url: string, options: ChaosDriverOptions = {}) {
    this.#api = new Toxiproxy(url.replace(/\/+$/, ''));
    this.#api.api = new BoundedHttpClient(options.timeoutMs ?? 5_000);
  }

  /** The server's version as it tells it: "2.12.0", or "git" for some builds of the real one. */
  async version(): Promise<string> {
    const text = await this.#api.getVersion();
    return /"version"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? text.trim();
  }

  /** Makes these proxies, enabled and without toxics; the names must be new to the server. */
  async populate(places: readonly ProxyPlace[]): Promise<void> {
    if (places.length === 0) return;
    const names = new Set<string>();
    for (const { name } of places) {
      if (name === '' || /[/?#%]/.test(name)) {
        throw new Error(`toxiproxy: '${name}' cannot be a proxy's name: avoid / ? # %`);
      }
      if (names.has(name)) throw new Error(`toxiproxy: two proxies are called ${name}`);
      names.add(name);
    }
    const made = await this.#api.populate(places.map((place) => ({ ...place, enabled: true })));
    for (const { name, upstream } of places) {
      const proxy = made[name];
      if (proxy?.upstream !== upstream || !proxy.enabled) {
        throw new Error(`toxiproxy: proxy ${name} was not made as asked`);
      }
      this.#proxies.set(name, proxy);
    }
  }

  names(): string[] {
    return [...this.#proxies.keys()];
  }

  has(name: string): boolean {
    return this.#proxies.has(name);
  }

  /** Where a proxy really listens, "host:port". */
  listenOf(name: string): string {
    return this.#proxy(name).listen;
  }

  /** Gives both streams of a proxy this latency as its normal one; rollback restores it. */
  async setLatency(name: string, ms: number, jitterMs = 0): Promise<void> {
    const latency = { ms, jitterMs };
    for (const stream of STREAMS) {
      const toxic = `base_${stream}`;
      if ((await this.readLatency(name, toxic)) === undefined) {
        await this.addLatency(name, toxic, stream, latency);
      } else {
        const attributes = { latency: ms, jitter: jitterMs };
        const current = await this.#proxy(name).getToxic(toxic);
        await current.update({ name: toxic, stream, type: 'latency', toxicity: 1, attributes });
      }
    }
    this.#latencies.set(name, latency);
  }

  /** Adds a latency toxic of its own name to one stream. */
  async addLatency(proxy: string, toxic: string, stream: Stream, latency: Latency): Promise<void> {
    const attributes = { latency: latency.ms, jitter: latency.jitterMs };
    await this.addToxic(proxy, { name: toxic, type: 'latency', stream, attributes });
  }

  /** Adds a toxic that takes hold of every connection. */
  async addToxic(proxy: string, toxic: NewToxic): Promise<void> {
    // The client's list of types is that of 2.12; the embedded server has more.
    const type = toxic.type as 'latency';
    await this.#proxy(proxy).addToxic({ ...toxic, type, toxicity: 1 });
  }

  /** The latency that a toxic has on the server now; undefined when it is not there. */
  async readLatency(proxy: string, toxic: string): Promise<Latency | undefined> {
    const attributes = await this.readToxic(proxy, toxic);
    if (!attributes) return undefined;
    return { ms: attributes['latency'] ?? 0, jitterMs: attributes['jitter'] ?? 0 };
  }

  /** The attributes that a toxic has on the server now; undefined when it is not there. */
  async readToxic(
    proxy: string,
    toxic: string,
  ): Promise<Readonly<Record<string, number>> | undefined> {
    try {
      return (await this.#proxy(proxy).getToxic<Record<string, number>>(toxic)).attributes;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Removes a toxic; one that is not there is fine. */
  async removeToxic(proxy: string, toxic: string): Promise<void> {
    try {
      // The client only removes toxics it has fetched; the address is all there is to it.
      await this.#api.api.delete(`${this.#proxy(proxy).getPath()}/toxics/${toxic}`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Nobody gets through any more, and open connections are closed. */
  async disable(names: readonly string[]): Promise<void> {
    await this.#enableAll(names, false);
  }

  async enable(names: readonly string[]): Promise<void> {
    await this.#enableAll(names, true);
  }

  /** Read from the server: which of our proxies are enabled. */
  async enabledNames(): Promise<Set<string>> {
    const all = await this.#api.getAll();
    return new Set(this.names().filter((name) => all[name]?.enabled));
  }

  /**
   * Puts everything back to how it was populated: enabled, normal latency, no other toxic. Open
   * connections are closed. Never uses reset: on the real server that hangs behind a reader that
   * has stalled (Shopify/toxiproxy#558), while deleting and making anew does not.
   */
  async rollback(): Promise<void> {
    const places = [...this.#proxies.values()].map(({ name, listen, upstream }) => ({
      name,
      listen,
      upstream,
    }));
    const latencies = [...this.#latencies];
    await this.#deleteAll();
    this.#latencies.clear();
    await this.populate(places);
    await inParallel(latencies, ([name, { ms, jitterMs }]) => this.setLatency(name, ms, jitterMs));
  }

  /** Deletes what this driver has made. */
  async close(): Promise<void> {
    await this.#deleteAll();
    this.#proxies.clear();
    this.#latencies.clear();
  }

  async #deleteAll(): Promise<void> {
    await inParallel([...this.#proxies.values()], async (proxy) => {
      try {
        await proxy.remove();
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    });
  }

  async #enableAll(names: readonly string[], enabled: boolean): Promise<void> {
    await inParallel(names, async (name) => {
      // The addresses it already has, so that an enabled proxy is not restarted.
      const { listen, upstream } = this.#proxy(name);
      const updated = await this.#proxy(name).update({ enabled, listen, upstream });
      if (updated.enabled !== enabled) {
        throw new Error(`toxiproxy: ${name} is not ${enabled ? 'enabled' : 'disabled'}`);
      }
    });
  }

  #proxy(name: string): ClientProxy {
    const proxy = this.#proxies.get(name);
    if (proxy) return proxy;
    const known = this.names().join(', ') || 'none';
    throw new Error(`toxiproxy: no proxy '${name}' was populated; there are: ${known}`);
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof ToxiproxyCallError && error.status === 404;
}

/** Tries all of them, a few at a time, then throws what went wrong first. */
async function inParallel<Item>(
  items: readonly Item[],
  run: (item: Item) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let item = next++; item < items.length; item = next++) {
      await run(items[item]!).catch((error: unknown) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE_MAX }, worker));
  if (errors.length > 0) throw errors[0];
}
