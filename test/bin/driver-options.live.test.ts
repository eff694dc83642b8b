/** `quincunx run --driver --target`, as a person types it. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startChatServer } from '../../scenarios/examples/websocket-chat/server.ts';
import { quincunx } from '../setup/command.ts';
import { ROOT } from '../setup/source-files.ts';

const EXAMPLE = join(ROOT, 'scenarios/examples/websocket-chat');
const SCENARIO = join(EXAMPLE, 'scenario.ts');
const DRIVER = join(EXAMPLE, 'driver.ts');
const WITHIN = join(ROOT, 'test/fixtures/drivers/within.mjs');
const RUN_MS = 60_000;

const run = (...args: string[]) => quincunx(['run', ...args]);

describe('what is not right is said before anything runs, all at once', () => {
  test.each<[string, string[], string[]]>([
    [
      'a target of somebody else, and a file that is not there',
      [SCENARIO, '--world', 'live', '--driver', 'nope.ts', '--target', 'ws://192.0.2.1:1'],
      ['--target ws://192.0.2.1:1: 192.0.2.1 is not this machine', '--driver nope.ts: there is no'],
    ],
    [
      'other worlds, and no target',
      [SCENARIO, '--driver', DRIVER],
      ['--driver: use it with --world live', '--driver: needs --target'],
    ],
    [
      'the users of the live world, at a target and in another world',
      ['dc-outage', '--world', 'model', '--driver', 'mtproto', '--target', 'ws://127.0.0.1:1'],
      [
        '--driver mtproto: these are the users of --world live',
        '--target: is not for --driver mtproto; its users sign in at five datacentres',
      ],
    ],
    [
      'a gateway that is none, faults at one, and other worlds',
      ['dc-outage', '--driver', 'gateway', '--target', 'ws://127.0.0.1:1'],
      [
        '--driver gateway: use it with --world live alone',
        '--target ws://127.0.0.1:1: use the address of a gateway, such as http://127.0.0.1:4731',
        '--driver gateway: what runs at --target is not for this run to break',
      ],
    ],
    [
      'a target alone, and k6',
      [SCENARIO, '--world', 'live', '--load', 'k6', '--target', 'ws://127.0.0.1:1'],
      ['--target: needs --driver', '--driver: is not for --load k6'],
    ],
    [
      'faults',
      ['dc-outage', '--world', 'live', '--driver', DRIVER, '--target', 'ws://127.0.0.1:1'],
      ['a backend of your own has no datacentres that could be broken'],
    ],
    [
      'a secret, which is not repeated',
      [SCENARIO, '--world', 'live', '--driver', DRIVER, '--target', 'ws://ann:pw@127.0.0.1:1'],
      ['--target ws://...@127.0.0.1:1: it would put a secret into logs'],
    ],
  ])('%s', async (_, args, problems) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 104, stdout: '' });
    for (const problem of problems) expect(stderr).toContain(problem);
    expect(stderr).not.toContain('pw@');
  });
});

describe('a run', () => {
  test(
    'of a backend that is there has a document, whose command repeats it',
    async () => {
      const server = await startChatServer(0);
      try {
        const target = `ws://127.0.0.1:${server.port}`;
        const driver = ['--world', 'live', '--driver', DRIVER, '--target', target];
        const { code, stdout } = await run(SCENARIO, '--for', '2s', ...driver, '--json');
        const results = JSON.parse(stdout) as {
          readonly reproduce: string;
          readonly verdict: string;
          readonly worlds: {
            readonly live: { readonly metrics: Record<string, { readonly count: number }> };
          };
        };
        // Two seconds may be too few for a p99, and the machine too busy; loss is none of them.
        expect([0, 99, 111]).toContain(code);
        expect(results.reproduce).toContain(`--driver ${DRIVER} --target ${target}`);
        const { metrics } = results.worlds.live;
        expect(metrics['writes_lost']?.count).toBe(0);
        expect(metrics['messages_delivered']?.count).toBe(metrics['messages_offered']?.count);
      } finally {
        await server.close();
      }
    },
    RUN_MS,
  );

  test.each([
    [DRIVER, 'ws://127.0.0.1:1', 'cannot connect to ws://127.0.0.1:1: connect ECONNREFUSED'],
    [WITHIN, 'ws://127.0.0.1:1/?throws', 'driver within: a mistake in a handler of the driver'],
  ])(
    'that %s ends has its own exit code, and no stack of ours',
    async (driver, target, why) => {
      const args = ['--world', 'live', '--driver', driver, '--target', target, '--for', '2s'];
      const { code, stdout, stderr } = await run(SCENARIO, ...args, '--quiet');
      expect({ code, stdout }).toEqual({ code: 107, stdout: '' });
      expect(stderr).toContain(why);
      expect(stderr).not.toContain('    at ');
    },
    RUN_MS,
  );
});
