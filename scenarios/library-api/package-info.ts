/**
 * Where this package lies and which version it is, from the source tree as well as from dist.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PackageInfo {
  readonly root: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

let info: PackageInfo | undefined;

/** Reads the package.json above this file, once. */
export function packageInfo(): PackageInfo {
  info ??= read(dirname(fileURLToPath(import.meta.url)));
  return info;
}

function read(folder: string): PackageInfo {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return read(dirname(folder));
  const content = JSON.parse(readFileSync(path, 'utf8')) as Omit<PackageInfo, 'root'>;
  return { root: folder, version: content.version, dependencies: content.dependencies };
}
