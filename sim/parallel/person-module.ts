/**
 * Loads a module that a person wrote, from any folder: `quincunx` resolves to this very package,
 * what its own folder does not have (such as `ws`) to ours, and Node strips the types.
 */
import { registerHooks } from 'node:module';

export interface PersonModule {
  /** Of the file. */
  readonly url: string;
  /** What `import ... from 'quincunx'` gives. */
  readonly packageUrl: string;
}

/** Rejects with what the module throws, or Node's reason why it cannot be loaded. */
export async function importPersonModule({
  url,
  packageUrl,
}: PersonModule): Promise<Readonly<Record<string, unknown>>> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'quincunx') return { url: packageUrl, shortCircuit: true };
      const resolved = withOurs(
        specifier,
        () => next(specifier, context),
        (parentURL) => next(specifier, { ...context, parentURL }),
      );
      // Without a package.json beside it nothing says that it is a module; this does.
      if (resolved.url !== url) return resolved;
      return { ...resolved, format: /ts$/.test(url) ? 'module-typescript' : 'module' };
    },
  });
  try {
    return (await import(url)) as Readonly<Record<string, unknown>>;
  } finally {
    hooks.deregister();
  }
}

function withOurs<T>(specifier: string, own: () => T, ours: (parent: string) => T): T {
  try {
    return own();
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code !== 'ERR_MODULE_NOT_FOUND' || /^[./]|^[a-z]+:/.test(specifier)) throw error;
    try {
      return ours(import.meta.url);
    } catch {
      throw error; // which names the person's file
    }
  }
}
