/**
 * The published command line client of Toxiproxy 2.12, unchanged, against the embedded server and
 * against the real one: the same words, the same exit codes, the same state afterwards.
 */
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  findRealToxiproxy,
  findToxiproxyCli,
  INSTALL_CLI_COMMAND,
  startRealToxiproxy,
} from '../../../chaos/toxiproxy/real.ts';
import { startToxiproxy } from '../../../chaos/toxiproxy/server.ts';
import type { Started } from './conformance.ts';
import { call, dial, roundTripMs, Upstream } from './wire.ts';

const cli = findToxiproxyCli();
/** A call is one short-lived process; a busy machine takes its time to start one. */
const CALL_MS_MAX = 10_000;

if (cli !== undefined) {
  drivenByTheCli('embedded', cli, () => startToxiproxy({ port: 0, seed: 'cli' }));
  if (findRealToxiproxy()) drivenByTheCli('real', cli, () => startRealToxiproxy({ port: 0 }));
} else if (process.env['CI']) {
  it('has toxiproxy-cli, as CI must', () => {
    throw new Error(`it is missing; install it with: ${INSTALL_CLI_COMMAND}`);
  });
} else {
  it('toxiproxy-cli', (context) => {
    const line = `no toxiproxy-cli here: it is not tried; ${INSTALL_CLI_COMMAND}`;
    process.stderr.write(`${line}\n`);
    context.skip(line);
  });
}

function drivenByTheCli(name: string, path: string, start: () => Promise<Started>): void {
  describe(`${name}: toxiproxy-cli`, () => {
    let server: Started;
    let echo: Upstream;

    beforeAll(async () => {
      server = await start();
      echo = await Upstream.echo();
    });
    afterAll(async () => {
      echo?.close();
      await server?.close();
    });

    /** What it prints, and its exit code when that is not 0. */
    const run = (...args: string[]): Promise<{ out: string; code: number }> =>
      new Promise((resolve, reject) => {
        const options = { timeout: CALL_MS_MAX, env: { TOXIPROXY_URL: server.url } };
        execFile(path, args, options, (error, stdout, stderr) => {
          if (error && typeof error.code !== 'number') reject(error);
          else resolve({ out: stdout + stderr, code: Number(error?.code ?? 0) });
        });
      });
    const said = async (...args: string[]): Promise<string> => {
      const { out, code } = await run(...args);
      expect({ args, out, code }).toMatchObject({ code: 0 });
      return out;
    };

    it('creates, lists, inspects, toggles, adds, updates and removes toxics, deletes', async () => {
      const { address } = echo;
      expect(await said('list')).toBe('');
      expect(await said('create', '-l', '127.0.0.1:0', '-u', address, 'chat')).toBe(
        'Created new proxy chat\n',
      );
      const { listen } = (await call(server.url, 'GET', '/proxies/chat')).json;
      expect((await said('list')).split('\t').map((word) => word.trim())).toEqual([
        ...['chat', listen, address, 'enabled', '0'],
      ]);
      const client = await dial(listen);
      await roundTripMs(client);

      expect(await said('toggle', 'chat')).toBe('Proxy chat is now disabled\n');
      await client.gone();
      expect((await said('list')).split('\t').map((word) => word.trim())).toContain('disabled');
      expect(await said('toggle', 'chat')).toBe('Proxy chat is now enabled\n');

      const slow = ['-t', 'latency', '-n', 'slow', '-u', '-a', 'latency=60', '-a', 'jitter=0'];
      expect(await said('toxic', 'add', ...slow, 'chat')).toBe(
        "Added upstream latency toxic 'slow' on proxy 'chat'\n",
      );
      expect(await said('toxic', 'add', '-t', 'bandwidth', '-a', 'rate=1e6', 'chat')).toContain(
        "Added downstream bandwidth toxic 'bandwidth_downstream'",
      );
      expect(await roundTripMs(await dial(listen))).toBeGreaterThan(59);
      expect((await said('inspect', 'chat')).split('\n')).toEqual([
        'slow\ttype=latency\tstream=upstream\ttoxicity=1.00\tattributes=[\tjitter=0\tlatency=60\t]',
        'bandwidth_downstream\ttype=bandwidth\tstream=downstream\ttoxicity=1.00\t' +
          'attributes=[\trate=1e+06\t]',
        '',
      ]);

      const change = ['-n', 'slow', '--toxicity', '0.5', '-a', 'latency=2'];
      expect(await said('toxic', 'update', ...change, 'chat')).toBe(
        "Updated toxic 'slow' on proxy 'chat'\n",
      );
      const { json } = await call(server.url, 'GET', '/proxies/chat/toxics/slow');
      expect(json).toMatchObject({ toxicity: 0.5, attributes: { latency: 2, jitter: 0 } });

      expect(await said('toxic', 'remove', '-n', 'slow', 'chat')).toBe(
        "Removed toxic 'slow' on proxy 'chat'\n",
      );
      expect(await said('inspect', 'chat')).not.toContain('slow');
      expect(await said('delete', 'chat')).toBe('Deleted proxy chat\n');
      expect(await said('list')).toBe('');
    });

    it.each([
      [['inspect', 'nobody'], /Failed to retrieve proxy nobody: .*404: proxy not found/],
      [['toxic', 'add', '-t', 'latency', 'nobody'], /Failed to add toxic: .*proxy not found/],
      [['toxic', 'add', '-t', 'nonsense', 'there'], /Failed to add toxic: .*invalid toxic type/],
      [['toxic', 'remove', '-n', 'nothing', 'there'], /Failed to remove toxic: .*toxic not found/],
      [['create', '-l', '127.0.0.1:0', '-u', '127.0.0.1:1', 'there'], /proxy already exists/],
    ])('tells what the server refuses: %j', async (args, error) => {
      await run('create', '-l', '127.0.0.1:0', '-u', '127.0.0.1:1', 'there');
      const { out, code } = await run(...args);
      expect(out).toMatch(error);
      expect(code).toBe(1);
    });
  });
}
