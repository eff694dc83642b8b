/**
 * `quincunx toxiproxy`: the embedded Toxiproxy-compatible server on its own, until it is stopped.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { ConfigError } from '../../chaos/toxiproxy/config.ts';
import { startToxiproxy } from '../../chaos/toxiproxy/server.ts';
import { EXIT, type ExitCode, InvalidInput } from '../exit-codes.ts';
import { aborted, onInterrupt } from '../interrupt.ts';
import { OptionReader } from '../option-values.ts';

/** The largest body of the API, too. */
const CONFIG_BYTES_MAX = 1024 * 1024;

const EXAMPLES = `
Examples:
  quincunx toxiproxy                      the API on 127.0.0.1:8474, as the real server
  quincunx toxiproxy --config links.json  with these proxies: the JSON of POST /populate
  quincunx toxiproxy --port 0 --json      any free port; prints {"ready":true,"toxiproxy":"http://..."}
  toxiproxy-cli create -l 127.0.0.1:25432 -u 127.0.0.1:5432 db
  toxiproxy-cli toxic add -t latency -a latency=100 -a jitter=20 db
  curl -s http://127.0.0.1:8474/metrics

A configuration file may give a proxy its toxics, which the real server does not read:
  [{ "name": "db", "listen": "127.0.0.1:25432", "upstream": "127.0.0.1:5432",
     "toxics": [{ "type": "latency", "attributes": { "latency": 100 } }] }]

Toxics of toxiproxy 2.12: latency, bandwidth, slow_close, timeout, reset_peer, slicer, limit_data.
Toxics of its own:
  retransmission  loss_ppm, rto_ms   packet loss as TCP shows it: stalls, no byte lost
  hold                               nothing gets through and nothing is lost until it is removed
  latency_normal, latency_pareto     latency and jitter with these laws

Calls of its own (JSON; the real server answers 404):
  POST   /quincunx/batch             several operations at once, all or none
  POST   /quincunx/matrix            cut pairs of DCs: {"shape":"partition","groups":[[1,2],[3,4,5]]}
  GET    /quincunx/matrix            which pairs are open; proxies are called link_1_3 and dc1
  POST   /quincunx/cut               reset open connections within so many further bytes
  GET    /quincunx/leases            a batch, matrix or cut with "lease":{"id":"x","ttl_ms":5000} is
  POST   /quincunx/leases/x          undone when nobody renews it (POST) in time, or it is ended
  DELETE /quincunx/leases/x          (DELETE); POST may change its "ttl_ms"
  GET    /quincunx/injected          delay, rate and loss really achieved, by proxy and toxic
  GET    /quincunx/decisions         what chance decided: the same for the same seed
`;

interface RawOptions {
  readonly host: string;
  readonly port: string;
  readonly seed?: string;
  readonly config?: string;
  readonly json?: true;
}

export function addToxiproxy(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('toxiproxy')
    .description('serve the Toxiproxy API until stopped')
    .option('--host <address>', 'where the API listens', '127.0.0.1')
    .option('--port <n>', 'port of the API; 0 takes a free one', '8474')
    .option('--config <file>', 'JSON file of the proxies to start with')
    .option('--seed <text>', 'decides every draw of every toxic')
    .option('--json', 'one line of JSON on standard output when it is ready')
    .addHelpText('after', EXAMPLES)
    .action(async (options: RawOptions) => finish(await serve(options)));
}

async function serve(options: RawOptions): Promise<ExitCode> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const read = new OptionReader();
  const port = read.integer('--port', options.port, 0, 65_535);
  const seed = options.seed === undefined ? undefined : read.seed(options.seed);
  const config = options.config === undefined ? undefined : readJson(options.config, read);
  read.check();
  const interrupt = onInterrupt(say);
  try {
    const server = await startToxiproxy({
      host: options.host,
      port,
      log: say,
      ...(seed === undefined ? {} : { seed }),
      ...(config === undefined ? {} : { config }),
    }).catch((error: unknown) => {
      if (error instanceof ConfigError) {
        throw new InvalidInput(error.problems.map((line) => `--config ${options.config}: ${line}`));
      }
      throw new InvalidInput([error instanceof Error ? error.message : String(error)]);
    });
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ ready: true, toxiproxy: server.url })}\n`
        : `Toxiproxy API on ${server.url} (Ctrl-C stops it)\n`,
    );
    await aborted(interrupt.signal);
    await server.close();
  } finally {
    interrupt.release();
  }
  return EXIT.interrupted;
}

function readJson(path: string, read: OptionReader): unknown {
  try {
    const { size } = statSync(path);
    if (size > CONFIG_BYTES_MAX) throw new Error(`larger than ${CONFIG_BYTES_MAX} bytes`);
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    read.problems.push(`--config ${path}: ${why}`);
    return undefined;
  }
}
