/** What this machine has to give, and what of it is taken; with what a run would miss. */
import { statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, loadavg, tmpdir, totalmem } from 'node:os';

export interface PortUse {
  readonly port: number;
  /** Who takes it when nothing else is said. */
  readonly of: string;
  readonly free: boolean;
}

export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  /** Mean over a minute of what wants to run; undefined where the system does not say. */
  readonly loadAverage?: number;
  readonly memoryBytes: { readonly total: number; readonly free: number };
  readonly disks: readonly { readonly folder: string; readonly freeBytes: number }[];
  /** Open files and sockets of one process; undefined where there is no limit that is told. */
  readonly openFilesMax?: number;
  readonly ports: readonly PortUse[];
}

/** Ports of `quincunx serve` and `quincunx toxiproxy` when no other are named. */
const DEFAULT_PORTS: readonly (readonly [port: number, of: string])[] = [
  [8474, 'Toxiproxy API'],
  ...[1, 2, 3, 4, 5].flatMap(
    (dc) =>
      [
        [4430 + dc, `serve: DC ${dc}`],
        [4530 + dc, `serve: DC ${dc} through its proxy`],
        [4630 + dc, `serve: gateway of DC ${dc}`],
        [4730 + dc, `serve: gateway of DC ${dc} through its proxy`],
      ] as const,
  ),
];

const GIB = 2 ** 30;
/** Assumed: five datacentres, a proxy and the users of a library scenario, with room to spare. */
const NEEDED = { memoryBytes: 1 * GIB, diskBytes: 1 * GIB, openFiles: 2_048, cores: 2 };

export async function lookAtMachine(): Promise<Machine> {
  const openFiles = openFilesMax();
  const load = loadavg()[0];
  return {
    node: `${process.versions.node} (${process.execPath})`,
    platform: `${process.platform}-${process.arch}`,
    cores: availableParallelism(),
    ...(process.platform === 'win32' || load === undefined ? {} : { loadAverage: load }),
    memoryBytes: {
      // Of the container, if it has a limit; without one this is a number beyond all machines.
      total: Math.min(process.constrainedMemory() || totalmem(), totalmem()),
      free: process.availableMemory(),
    },
    disks: [...new Set([process.cwd(), tmpdir()])].map((folder) => {
      const { bavail, bsize } = statfsSync(folder);
      return { folder, freeBytes: bavail * bsize };
    }),
    ...(openFiles === undefined ? {} : { openFilesMax: openFiles }),
    ports: await Promise.all(
      DEFAULT_PORTS.map(async ([port, of]) => ({ port, of, free: await isFree(port) })),
    ),
  };
}

/** What is scarce, and what that means for a run. */
export function machineWarnings(machine: Machine): string[] {
  const { memoryBytes, disks, openFilesMax, cores, loadAverage } = machine;
  const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;
  const warnings: string[] = [];
  if (memoryBytes.free < NEEDED.memoryBytes) {
    warnings.push(`memory: ${gib(memoryBytes.free)} free; a live run may need 1 GiB`);
  }
  for (const { folder, freeBytes } of disks) {
    if (freeBytes >= NEEDED.diskBytes) continue;
    warnings.push(`disk: ${gib(freeBytes)} free in ${folder}; a live run may need 1 GiB`);
  }
  if (openFilesMax !== undefined && openFilesMax < NEEDED.openFiles) {
    warnings.push(
      `open files: ${openFilesMax} a process, so about as many live users; raise it: ulimit -n 20000`,
    );
  }
  if (cores < NEEDED.cores) {
    warnings.push(
      'cores: one; the live world is five datacentres and their users, so mind its lag',
    );
  }
  if (loadAverage !== undefined && loadAverage > cores) {
    const load = loadAverage.toFixed(1);
    warnings.push(
      `load: average ${load} on ${cores} cores; a live run shares them with other work`,
    );
  }
  return warnings;
}

/** From Node's own report, which asks the system; that has no name on Windows. */
function openFilesMax(): number | undefined {
  if (process.report === undefined) return undefined;
  // It would look up the names of all connections. Not in the types of Node 24 yet.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft: number | string } };
  };
  const soft = report.userLimits?.open_files?.soft;
  const limit = typeof soft === 'string' ? Number.parseInt(soft, 10) : soft;
  return limit !== undefined && Number.isFinite(limit) ? limit : undefined;
}

/** By taking it for a moment, on loopback. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
