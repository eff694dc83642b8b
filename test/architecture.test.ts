/**
 * The arrows between the folders: who may import whom, and who may touch the real world. Reads the
 * import specifiers, so a forbidden import fails here even if nothing calls it.
 */
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { type SourceFile, sourceFiles } from './setup/source-files.ts';

/** Top-level folder to those that it may import besides itself. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'system-under-test': [],
  reports: [],
  chaos: [],
  sim: ['system-under-test', 'chaos', 'reports'],
  scenarios: ['system-under-test', 'reports', 'chaos', 'sim'],
  bin: ['system-under-test', 'reports', 'chaos', 'sim', 'scenarios'],
  test: ['system-under-test', 'reports', 'chaos', 'sim', 'scenarios', 'bin'],
};

/** Arrows with a narrower head: sim takes plans and data of reports, no drawing and no proxy. */
const NARROW: readonly { from: RegExp; to: RegExp; allowed: RegExp }[] = [
  { from: /^sim\//, to: /^chaos\//, allowed: /^chaos\/plan\.ts$/ },
  {
    from: /^sim\//,
    to: /^reports\//,
    allowed: /^reports\/(measurements|metrics|tags|timeline)\.ts$/,
  },
  { from: /^sim\/core\//, to: /./, allowed: /^sim\/core\// },
];

/** Modules that reach outside the process: files, sockets, processes, threads. */
const IO_MODULES = new Set([
  ...['fs', 'fs/promises', 'net', 'tls', 'dgram', 'http', 'https', 'http2', 'dns', 'readline'].map(
    (name) => `node:${name}`,
  ),
  ...['child_process', 'worker_threads', 'cluster', 'os'].map((name) => `node:${name}`),
  ...['piscina', 'classic-level', 'toxiproxy-node-client', 'playwright-core', 'commander'],
]);
const IO_ALLOWED: readonly RegExp[] = [
  /^(bin|test)\//,
  /^system-under-test\/(live|deploy)\//,
  /^chaos\/toxiproxy\//,
  /^sim\/parallel\//,
  /^reports\/dashboard\//,
  /^reports\/render\/assets\.ts$/, // reads the chart library to inline it
  /^scenarios\/(source-file|library-of-files)\.ts$/, // read a person's file, and a library
  /^scenarios\/traffic-file\.ts$/, // reads a person's file of rates
  /^scenarios\/worlds\/(live|behind-proxies)\.ts$/,
  /^scenarios\/library-api\//, // runs scenarios in the process of whoever calls it
  /^scenarios\/k6\/(run-k6|k6-world|sample-file)\.ts$/, // starts the real k6, reads what it wrote
  /^scenarios\/load\/target\.ts$/, // asks which addresses are this machine's
  /^system-under-test\/mtproto\/wasm-primitives\.ts$/, // reads the WebAssembly module of a package
  /\.generator\.ts$/, // writes a generated file; not part of the program
];

interface Import {
  readonly from: string;
  readonly line: number;
  readonly specifier: string;
  /** Path from the root for a relative import. */
  readonly target: string | undefined;
}

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g;

function importsOf({ path, lines }: SourceFile): Import[] {
  return lines.flatMap((text, index) => {
    if (/^\s*(\*|\/\/|\/\*)/.test(text)) return [];
    return [...text.matchAll(IMPORT)].map(([, specifier]) => ({
      from: path,
      line: index + 1,
      specifier: specifier!,
      target: specifier!.startsWith('.')
        ? posix.normalize(posix.join(posix.dirname(path), specifier!))
        : undefined,
    }));
  });
}

const folderOf = (path: string): string => path.split('/')[0]!;
const imports = sourceFiles().flatMap(importsOf);
const inside = imports.filter(({ from, target }) => from.includes('/') && target !== undefined);
const show = ({ from, line, specifier }: Import): string => `${from}:${line} imports ${specifier}`;

test('the parser sees the imports', () => {
  expect(imports.length).toBeGreaterThan(100);
  expect(imports.map(({ specifier }) => specifier)).toContain('vitest');
});

test('folders import only what lies below them', () => {
  const wrong = inside.filter(({ from, target }) => {
    const allowed = ARROWS[folderOf(from)];
    const to = folderOf(target!);
    return to in ARROWS && to !== folderOf(from) && !allowed?.includes(to);
  });
  expect(wrong.map(show)).toEqual([]);
});

test('the simulator takes plans and measurements only; its core takes nothing', () => {
  const wrong = inside.filter(({ from, target }) =>
    NARROW.some(
      (rule) => rule.from.test(from) && rule.to.test(target!) && !rule.allowed.test(target!),
    ),
  );
  expect(wrong.map(show)).toEqual([]);
});

test('only the outermost code touches files, sockets, processes and threads', () => {
  const wrong = imports.filter(
    ({ from, specifier }) =>
      IO_MODULES.has(specifier) && !IO_ALLOWED.some((allowed) => allowed.test(from)),
  );
  expect(wrong.map(show)).toEqual([]);
});

test('built-ins carry the prefix node:, relative imports their extension', () => {
  const wrong = imports.filter(
    ({ specifier, target }) =>
      /^(fs|net|path|http|os|url|util|crypto|events|stream|child_process)(\/|$)/.test(specifier) ||
      (target !== undefined && !/\.(ts|js|mjs|json)$/.test(specifier)),
  );
  expect(wrong.map(show)).toEqual([]);
});

test('no two folders import each other, directly or around a corner', () => {
  const edges = new Map<string, Set<string>>();
  for (const { from, target } of inside) {
    const to = folderOf(target!);
    if (to !== folderOf(from))
      edges.set(folderOf(from), (edges.get(folderOf(from)) ?? new Set()).add(to));
  }
  const cycles: string[] = [];
  const visit = (folder: string, path: readonly string[]): void => {
    if (path.includes(folder)) cycles.push([...path, folder].join(' -> '));
    else for (const next of edges.get(folder) ?? []) visit(next, [...path, folder]);
  };
  for (const folder of edges.keys()) visit(folder, []);
  expect(cycles).toEqual([]);
});
