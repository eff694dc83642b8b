/** The installer of real parts, as far as it goes without installing: what it finds and says. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../../bin/real-parts.mjs', import.meta.url));

function run(args: readonly string[], env: Record<string, string>) {
  const result = spawnSync(process.execPath, [program, ...args], { env, encoding: 'utf8' });
  return { status: result.status, out: result.stdout, err: result.stderr };
}

it.each(['check', 'install'])('%s leaves alone what is there', (command) => {
  const env = {
    QUINCUNX_TOXIPROXY: process.execPath,
    QUINCUNX_TOXIPROXY_CLI: process.execPath,
    QUINCUNX_K6: process.execPath,
    CHROMIUM_PATH: process.execPath,
  };
  const { status, out } = run([command], env);
  expect(out).toBe(
    `toxiproxy: ${process.execPath} (already there)\n` +
      `toxiproxy-cli: ${process.execPath} (already there)\n` +
      `k6: ${process.execPath} (already there)\n` +
      `chromium: ${process.execPath} (already there)\n`,
  );
  expect(status).toBe(0);
});

it('fails when something wanted cannot be had, and says why', () => {
  const env = { QUINCUNX_TOXIPROXY: '/nowhere', CHROMIUM_PATH: process.execPath };
  const { status, out } = run(['install', 'toxiproxy', 'chromium'], env);
  expect(out).toContain('toxiproxy: failed: QUINCUNX_TOXIPROXY=/nowhere: there is no such program');
  expect(out).toContain(`chromium: ${process.execPath} (already there)`);
  expect(status).toBe(1);
});

it.each([[[]], [['remove']], [['install', 'k7']]])('says how to call it: %j', (args) => {
  const { status, err } = run(args, {});
  const parts = '[toxiproxy] [toxiproxy-cli] [k6] [chromium]';
  expect(err).toContain(`usage: node bin/real-parts.mjs install|check ${parts}`);
  expect(status).toBe(2);
});
