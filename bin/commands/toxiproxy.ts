/**
 * `quincunx toxiproxy`: the embedded Toxiproxy-compatible server on its own, until it is stopped.
 */
import type { Command } from 'commander';
import { startToxiproxy } from '../../chaos/toxiproxy/server.ts';
import { EXIT, type ExitCode, InvalidInput } from '../exit-codes.ts';
import { aborted, onInterrupt } from '../interrupt.ts';
import { OptionReader } from '../option-values.ts';

const EXAMPLES = `
Examples:
  quincunx toxiproxy                     the API on 127.0.0.1:8474, as the real server
  quincunx toxiproxy --port 0 --json     any free port; prints {"ready":true,"toxiproxy":"http://..."}
  curl -s http://127.0.0.1:8474/proxies
`;

interface RawOptions {
  readonly host: string;
  readonly port: string;
  readonly seed?: string;
  readonly json?: true;
}

export function addToxiproxy(program: Command, finish: (code: ExitCode) => void): void {
  program
    .command('toxiproxy')
    .description('serve the Toxiproxy API until stopped')
    .option('--host <address>', 'where the API listens', '127.0.0.1')
    .option('--port <n>', 'port of the API; 0 takes a free one', '8474')
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
  read.check();
  const interrupt = onInterrupt(say);
  try {
    const server = await startToxiproxy({
      host: options.host,
      port,
      log: say,
      ...(seed === undefined ? {} : { seed }),
    }).catch((error: unknown) => {
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
