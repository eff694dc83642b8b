/**
 * `quincunx serve`: the five datacentres as processes of this machine, every link through a
 * Toxiproxy, until it is stopped.
 */
import { appendFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { clientProxy } from '../../chaos/toxiproxy/names.ts';
import { startBehindProxies } from '../../scenarios/worlds/behind-proxies.ts';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import { dcIds, siteOf, type Topology } from '../../system-under-test/topology.ts';
import { EXIT, type ExitCode, InvalidInput } from '../exit-codes.ts';
import { aborted, onInterrupt } from '../interrupt.ts';
import { OptionReader } from '../option-values.ts';
import { folderProblem } from '../output-folder.ts';
import { ProgressLine } from '../progress-line.ts';

const EXAMPLES = `
Examples:
  quincunx serve                      DC 1 to 5 on 127.0.0.1:4431 to 4435, data in ./quincunx-data
  quincunx serve --json               one line of JSON when all five answer
  quincunx serve --port-base 6000     DC 1 on 6031, proxied on 6131, ...
  quincunx serve --toxiproxy real     through the real toxiproxy-server, not the embedded one

DC n listens on <port-base> + 30 + n. Clients that should feel the network connect to its proxy,
on <port-base> + 130 + n. Its gateway (REST and WebSocket) listens on <port-base> + 230 + n, and
behind a proxy on <port-base> + 330 + n; GET /v1/openapi.json there says what it answers. Test
numbers 99966XYYYY sign in at DC X with the code XXXXX; codes of other numbers are written to
sign-in-codes.txt in the data folder.
`;

interface RawOptions {
  readonly data: string;
  readonly portBase: string;
  readonly toxiproxyPort: string;
  readonly toxiproxy: string;
  readonly latency: boolean;
  readonly testPhones: boolean;
  readonly json?: true;
}

/** Offsets from --port-base of what listens where. */
const OFFSETS = { clients: 30, backbone: 40, proxied: 130, gateway: 230, gatewayProxied: 330 };
const PORT_BASE_MAX = 65_000;

export function addServe(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('serve')
    .description('run the five datacentres until stopped')
    .option('--data <folder>', 'where they keep their data', 'quincunx-data')
    .option('--port-base <n>', 'ports are counted from here', '4400')
    .option('--toxiproxy-port <n>', 'port of the Toxiproxy API', '8474')
    .option('--toxiproxy <which>', 'embedded or real', 'embedded')
    .option('--no-latency', 'proxies pass everything on at once')
    .option('--no-test-phones', 'numbers 99966XYYYY are nothing special')
    .option('--json', 'one line of JSON on standard output when it is ready')
    .addHelpText('after', EXAMPLES)
    .action(async (options: RawOptions) => finish(await serve(options)));
}

async function serve(options: RawOptions): Promise<ExitCode> {
  const progress = new ProgressLine(process.stderr, () => performance.now(), false);
  const say = (line: string): void => progress.say(line);
  const read = new OptionReader();
  const base = read.integer('--port-base', options.portBase, 1_024, PORT_BASE_MAX);
  const toxiproxyPort = read.integer('--toxiproxy-port', options.toxiproxyPort, 1, 65_535);
  const toxiproxy = read.oneOf('--toxiproxy', options.toxiproxy, ['embedded', 'real']);
  read.check();
  const topology = fiveDatacentres as unknown as Topology;
  const dataFolder = resolve(options.data);
  const problem = folderProblem('--data', dataFolder);
  if (problem) throw new InvalidInput([problem]);
  const interrupt = onInterrupt(say);
  const cleanUp: (() => Promise<void>)[] = [];
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  try {
    const { cluster, driver, direct, gateways, toxiproxyUrl } = await startBehindProxies(
      {
        topology,
        toxiproxy,
        seed: 'serve',
        dataFolder,
        testPhones: options.testPhones,
        geographicLatency: options.latency,
        gateway: true,
        ports: {
          clients: (dc) => base + OFFSETS.clients + dc,
          backbone: (dc) => base + OFFSETS.backbone + dc,
          proxied: (dc) => base + OFFSETS.proxied + dc,
          gateway: (dc) => base + OFFSETS.gateway + dc,
          gatewayProxied: (dc) => base + OFFSETS.gatewayProxied + dc,
          toxiproxy: toxiproxyPort,
        },
        onCode: (phone, code) => {
          const file = join(dataFolder, 'sign-in-codes.txt');
          appendFile(file, `${phone} ${code}\n`, { mode: 0o600 }).catch((error: Error) =>
            say(`a sign-in code could not be written: ${error.message}`),
          );
        },
        onStarting: (text) => progress.count('serve', text),
        signal: interrupt.signal,
        onUnexpectedExit: (_dc, why) => failure.reject(new Error(`${why}; see its log.jsonl`)),
      },
      (undo) => cleanUp.push(undo),
    ).catch((error: unknown) => {
      progress.clear();
      if (interrupt.signal.aborted) throw error;
      const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
      throw new InvalidInput(
        errors.map((each) => (each instanceof Error ? each.message : `${each}`)),
      );
    });
    progress.clear();
    const dcs = dcIds(topology).map((id) => {
      const [host = '', port = ''] = (direct.get(id) ?? '').split(':');
      const proxied = Number(driver.listenOf(clientProxy(id)).split(':')[1]);
      const { direct: gateway = '', proxied: gatewayProxied = '' } = gateways.get(id) ?? {};
      return { id, host, port: Number(port), proxied, gateway, gatewayProxied };
    });
    if (options.json) {
      const ready = { ready: true, dcs, rsaPublicKeyPem: cluster.rsaPublicKeyPem };
      process.stdout.write(`${JSON.stringify({ ...ready, toxiproxy: toxiproxyUrl })}\n`);
    } else {
      const lines = dcs.map(
        ({ id, host, port, proxied, gatewayProxied }) =>
          `  DC ${id}  ${siteOf(topology, id).name.padEnd(10)} ${host}:${port}   through its proxy ${host}:${proxied}   gateway ${gatewayProxied}`,
      );
      process.stdout.write(
        `Five datacentres answer (Ctrl-C stops them)\n${lines.join('\n')}\n  Toxiproxy API  ${toxiproxyUrl}\n  Data and logs  ${dataFolder}\n\n${cluster.rsaPublicKeyPem}`,
      );
    }
    await Promise.race([aborted(interrupt.signal), failure.promise]);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  } finally {
    for (const undo of cleanUp.toReversed()) await undo().catch(() => {});
    interrupt.release();
  }
  return EXIT.interrupted;
}
