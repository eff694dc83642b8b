/** The file that a server starts with, through the library and through the command. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ConfigError } from '../../../chaos/toxiproxy/config.ts';
import { startToxiproxy } from '../../../chaos/toxiproxy/server.ts';
import { call, dial, roundTripMs, Upstream } from './wire.ts';

let echo: Upstream;
let folder: string;

beforeAll(async () => {
  echo = await Upstream.echo();
  folder = mkdtempSync(join(tmpdir(), 'quincunx-config-'));
});
afterAll(() => {
  echo?.close();
  rmSync(folder, { recursive: true, force: true });
});

const slow = { type: 'latency', attributes: { latency: 40 } };
const lossy = { type: 'retransmission', stream: 'upstream', name: 'lossy' };

it('makes proxies with their toxics, as they would be through the API', async () => {
  const server = await startToxiproxy({
    port: 0,
    config: [
      { name: 'p', listen: '127.0.0.1:0', upstream: echo.address, toxics: [slow, lossy] },
      { name: 'off', listen: '127.0.0.1:0', upstream: echo.address, enabled: false },
    ],
  });
  const { json } = await call(server.url, 'GET', '/proxies/p');
  expect(json.toxics.map(({ name }) => name)).toEqual(['lossy', 'latency_downstream']);
  expect(await roundTripMs(await dial(json.listen))).toBeGreaterThanOrEqual(40);
  expect((await call(server.url, 'GET', '/proxies/off')).json.enabled).toBe(false);
  await server.close();
});

it('tells all that is wrong', async () => {
  const config = [
    { name: 'a' },
    { name: 'b', upstream: 'x:1', toxics: [{ type: 'late' }, slow, slow] },
    { name: 'b', upstream: 'x:1', toxics: 7 },
    'c',
  ];
  await expect(startToxiproxy({ port: 0, config })).rejects.toThrow(
    new ConfigError([
      'proxy 1: missing required field: upstream',
      'proxy 2 (b): toxic 1 (late): invalid toxic type',
      'proxy 2 (b): toxic 3 (latency): toxic already exists',
      'proxy 3 (b): another one has that name',
      'proxy 3: toxics must be a list, not a number',
      'proxy 4: a proxy must be an object, not a string',
    ]),
  );
  const taken = [{ name: 'a', upstream: 'x:1', listen: echo.address }];
  await expect(startToxiproxy({ port: 0, config: taken })).rejects.toThrow('already in use');
  await expect(startToxiproxy({ port: 0, config: {} })).rejects.toThrow('must be a list');
});

it('quincunx toxiproxy --config', { timeout: 20_000 }, async () => {
  const program = fileURLToPath(new URL('../../../bin/quincunx.ts', import.meta.url));
  const file = join(folder, 'links.json');
  const start = () =>
    spawn(process.execPath, [program, 'toxiproxy', '--port', '0', '--json', '--config', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  writeFileSync(file, JSON.stringify([{ name: 'p', upstream: echo.address, toxics: [slow] }]));
  const child = start();
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { ready, toxiproxy } = JSON.parse(line.toString()) as { ready: boolean; toxiproxy: string };
  expect(ready).toBe(true);
  expect((await call(toxiproxy, 'GET', '/proxies/p/toxics')).json).toHaveLength(1);
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([105, null]);

  writeFileSync(file, '[{"name":');
  const wrong = start();
  let said = '';
  wrong.stderr.on('data', (text: Buffer) => {
    said += text.toString();
  });
  expect(await once(wrong, 'close')).toEqual([104, null]);
  expect(said).toContain(`--config ${file}: `);
});
