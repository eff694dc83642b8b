/**
 * The file that a server starts with (`-config` of the real one): the JSON of POST /populate.
 * Beyond the real one, a proxy in it may have `toxics`, each as POST /proxies/NAME/toxics takes it;
 * they are in force before the first connection. Everything that is wrong is told at once, and
 * then nothing is made.
 *
 *     [{ "name": "db", "listen": "127.0.0.1:25432", "upstream": "127.0.0.1:5432",
 *        "toxics": [{ "type": "latency", "attributes": { "latency": 40, "jitter": 5 } }] }]
 */
import { ApiError } from './api-error.ts';
import type { Leases } from './extensions/leases.ts';
import { fieldsOf, listOf, stringField } from './json-body.ts';
import { LIMITS } from './limits.ts';
import { type ProxyCollection, readProxy } from './proxy-collection.ts';
import { readNewToxic } from './tcp-proxy.ts';
import type { ToxicSettings } from './toxic-settings.ts';

/** What is wrong with a configuration, one line each. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Makes the proxies of a configuration on a fresh server, then lets all of them listen at once. */
export async function applyConfig(
  config: unknown,
  proxies: ProxyCollection,
  leases: Leases,
): Promise<void> {
  const wanted = readConfig(config);
  try {
    await proxies.populate(
      wanted.map(({ name, listen, upstream }) => ({ name, listen, upstream, enabled: false })),
    );
    for (const { name, toxics } of wanted) {
      toxics.forEach((toxic, index) => {
        proxies.get(name).putToxic(toxic, index);
      });
    }
    const enabled = wanted.filter((proxy) => proxy.enabled);
    const operations = enabled.map(({ name }) => ({ kind: 'enable', proxy: name }) as const);
    if (operations.length > 0) await leases.run(operations, undefined);
  } catch (error) {
    throw error instanceof ApiError ? new ConfigError([error.message]) : error;
  }
}

interface ConfigProxy {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
  readonly toxics: readonly ToxicSettings[];
}

function readConfig(config: unknown): ConfigProxy[] {
  const problems: string[] = [];
  const tried = <Result>(place: string, read: () => Result): Result[] => {
    try {
      return [read()];
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      problems.push(`${place}${error.message.replace(/^bad request body: /, '')}`);
      return [];
    }
  };
  const names = new Set<string>();
  const list = tried('', () => listOf(config, 'a configuration')).flat();
  const wanted = list.flatMap((item, index) => {
    const place = `proxy ${index + 1}: `;
    return tried(place, () => {
      const proxy = readProxy(item, '');
      const called = `proxy ${index + 1} (${proxy.name}): `;
      if (names.has(proxy.name)) problems.push(`${called}another one has that name`);
      names.add(proxy.name);
      const toxics: ToxicSettings[] = [];
      const bodies = listOf(fieldsOf(item, 'a proxy').get('toxics') ?? null, 'toxics');
      for (const [at, body] of bodies.entries()) {
        const type = tried('', () => stringField(fieldsOf(body, 'a toxic'), 'type'))[0] ?? '';
        const ofToxic = `${called}toxic ${at + 1}${type ? ` (${type})` : ''}: `;
        toxics.push(...tried(ofToxic, () => readNewToxic(body, toxics)));
      }
      return { ...proxy, toxics };
    });
  });
  if (list.length > LIMITS.proxiesMax) problems.push(`more than ${LIMITS.proxiesMax} proxies`);
  if (problems.length > 0) throw new ConfigError(problems);
  return wanted;
}
