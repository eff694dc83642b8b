/** A folder of named values that come with the package, and files of a person's own beside it. */
import { readdirSync } from 'node:fs';
import { basename, extname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { edits } from '../sim/capacity/nearest-name.ts';
import { FILE_EXTENSIONS, OWN_EXTENSION, ScenarioLoadError } from './source-file.ts';

export class Library {
  readonly #kind: string;
  readonly #folder: URL;

  /** `kind` is what it holds, for people: "scenario". */
  constructor(kind: string, folder: URL) {
    this.#kind = kind;
    this.#folder = folder;
  }

  /** Sorted. */
  names(): string[] {
    return readdirSync(this.#folder)
      .filter((file) => extname(file) === OWN_EXTENSION)
      .map((file) => basename(file, OWN_EXTENSION))
      .sort();
  }

  /**
   * What was typed is a path when it ends like a source file or contains a separator; relative
   * paths count from `folder`. Throws `ScenarioLoadError` where it is no name of the library.
   */
  pathOf(nameOrPath: string, folder: string): string {
    const isPath = /[\\/]/.test(nameOrPath) || FILE_EXTENSIONS.includes(extname(nameOrPath));
    if (isPath) return isAbsolute(nameOrPath) ? nameOrPath : resolve(folder, nameOrPath);
    const names = this.names();
    if (names.includes(nameOrPath)) {
      return fileURLToPath(new URL(`${nameOrPath}${OWN_EXTENSION}`, this.#folder));
    }
    const nearest = [...names].sort((a, b) => edits(nameOrPath, a) - edits(nameOrPath, b));
    throw new ScenarioLoadError('invalid', nameOrPath, [
      `there is no ${this.#kind} of this name; the nearest: ${nearest.slice(0, 3).join(', ')}. ` +
        `A file of your own is named by its path, such as ./my-${this.#kind}.ts`,
    ]);
  }
}
