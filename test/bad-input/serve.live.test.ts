/** `quincunx serve` with what it cannot work with: says what, exits, leaves nothing running. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLevelStore } from '../../system-under-test/live/level-store.ts';
import { quincunx } from '../setup/command.ts';
import { SmallCluster } from './small-cluster.ts';

const INVALID = 104;
const SLOW_MS = 30_000;
/** Inherited by every process of a run, so that those left over are found. */
const MARK = 'QUINCUNX_TEST_MARK';

let root = '';
/** Data of two datacentres that have been used. */
let used = '';
let dcs: SmallCluster;
let runs = 0;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'quincunx-test-'));
  used = join(root, 'used');
  dcs = await SmallCluster.start();
  await dcs.expectHealthy();
  await dcs.expectReplication();
  await dcs.cluster.stop();
  cpSync(dcs.folder, used, { recursive: true });
  await dcs.cluster.startDc(1);
});
afterAll(async () => {
  await dcs.stop();
  rmSync(root, { recursive: true });
});

const copyOfUsed = (): string => {
  const folder = join(root, `copy-${++runs}`);
  cpSync(used, folder, { recursive: true });
  return folder;
};

/** What serve listens on, counted from --port-base; the API of Toxiproxy is ours to choose. */
const OFFSETS = [1, 31, 32, 33, 34, 35, 41, 42, 43, 44, 45, 131, 132, 133, 134, 135];
let nextBase = 10_000 + (process.pid % 80) * 200;

/** A base of which nothing is in use, below the ports that systems give to outgoing connections. */
async function freeBase(): Promise<number> {
  for (;;) {
    const base = nextBase;
    nextBase = base >= 30_000 ? 10_000 : base + 200;
    const none = (): Promise<void> => Promise.resolve();
    const tries = await Promise.allSettled(OFFSETS.map((offset) => occupied(base + offset, none)));
    if (tries.every(({ status }) => status === 'fulfilled')) return base;
  }
}

/** Runs serve, which must end by itself, and checks that none of its processes is left. */
async function refused(
  folder: string,
  ports: { readonly base?: number; readonly toxiproxy?: number } = {},
): Promise<string> {
  const mark = `${process.pid}-${++runs}`;
  const base = ports.base ?? (await freeBase());
  const toxiproxy = ports.toxiproxy ?? base + 1;
  const args = ['serve', '--json', '--data', folder, '--port-base', String(base)];
  const outcome = await quincunx([...args, '--toxiproxy-port', String(toxiproxy)], {
    env: { [MARK]: mark },
    onOutput: (text, kill) => {
      if (text.includes('"ready":true')) kill('SIGTERM');
    },
  });
  expect(marked(mark)).toEqual([]);
  expect(outcome.stdout).toBe('');
  // A datacentre without its disk may have begun to ask the others by then.
  const stderr = outcome.stderr.replace(/^(serve {3}DC \d gets back .*\n)*/, '');
  expect(stderr).toMatch(/^Invalid input:\n {2}- /);
  expect(stderr).not.toMatch(/\n {4}at /);
  expect(outcome.code).toBe(INVALID);
  return stderr;
}

/** Processes that were started with this mark and still run. */
function marked(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`).includes(`${MARK}=${mark}\0`)
      );
    } catch {
      return false; // gone in the meantime, or somebody else's
    }
  });
}

describe('a port in use', () => {
  test('of datacentres: all are named', { timeout: SLOW_MS }, async () => {
    const base = await freeBase();
    const [clients, backbone] = [base + 32, base + 44];
    await occupied(clients, () =>
      occupied(backbone, async () => {
        expect((await refused(join(root, 'new'), { base })).split('\n')).toEqual([
          'Invalid input:',
          `  - DC 2 could not start: port ${clients} on 127.0.0.1 is in use`,
          `  - DC 4 could not start: port ${backbone} on 127.0.0.1 is in use`,
          '',
        ]);
      }),
    );
  });

  test('of a proxy is named', { timeout: SLOW_MS }, async () => {
    const base = await freeBase();
    await occupied(base + 131, async () => {
      const said = await refused(join(root, 'new'), { base });
      expect(said).toMatch(new RegExp(`:${base + 131}\\b.*in use`));
    });
  });

  test("that was meant for Toxiproxy's API is named", { timeout: SLOW_MS }, async () => {
    const toxiproxy = (await freeBase()) + 1;
    await occupied(toxiproxy, async () => {
      const said = await refused(join(root, 'new'), { toxiproxy });
      expect(said).toMatch(new RegExp(`127\\.0\\.0\\.1:${toxiproxy}.*in use`));
    });
  });
});

async function occupied(port: number, during: () => Promise<void>): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  try {
    await during();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

function changeByte(file: string, place: (length: number) => number): void {
  const bytes = readFileSync(file);
  bytes[place(bytes.length)]! ^= 0x55;
  writeFileSync(file, bytes);
}

const fileIn = (folder: string, pattern: RegExp): string =>
  join(folder, readdirSync(folder).find((name) => pattern.test(name)) ?? `no ${pattern}`);

describe('a data folder', () => {
  test('that is damaged is named, and left alone', { timeout: SLOW_MS }, async () => {
    const folder = copyOfUsed();
    cpSync(join(folder, 'dc2'), join(folder, 'dc3'), { recursive: true });
    const [table, log, current] = [1, 2, 3].map((dc) => join(folder, `dc${dc}`, 'store'));
    // Opening it once turns the log into a table.
    await (await openLevelStore(table!)).close();
    // Its footer: the blocks of a table are only looked at when they are read.
    changeByte(fileIn(table!, /\.ldb$/), (length) => length - 4);
    changeByte(fileIn(log!, /\.log$/), (length) => length >> 2);
    changeByte(fileIn(current!, /^CURRENT$/), (length) => length - 1);
    const contents = [fileIn(log!, /\.log$/), fileIn(current!, /^CURRENT$/)];
    const before = contents.map((file) => readFileSync(file));
    const [, ...problems] = (await refused(folder)).trimEnd().split('\n');
    expect(problems).toEqual(
      [table, log, current].map((store, i) =>
        expect.stringMatching(
          `- DC ${i + 1} could not start: data folder ${store} is damaged .*restore it from a backup`,
        ),
      ),
    );
    expect(contents.map((file) => readFileSync(file))).toEqual(before);
  });

  test('in use by another cluster is named', { timeout: SLOW_MS }, async () => {
    const said = await refused(dcs.folder);
    expect(said).toMatch(/DC 1 could not start: data folder \S+dc1\/store is in use by another/);
    await dcs.status(1);
  });

  test.each([
    [
      'a key of garbage',
      'rsa-private-key.pem',
      '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n',
    ],
    ['half a secret', 'cluster-secret.hex', '0123456789abcdef\n'],
  ])('with %s: the file is named', { timeout: SLOW_MS }, async (_name, name, content) => {
    const folder = copyOfUsed();
    writeFileSync(join(folder, name), content);
    const said = await refused(folder);
    expect(said).toContain(`${join(folder, name)} does not hold`);
    expect(said).not.toContain(content.trim());
  });

  test('with the secret of another cluster is refused', { timeout: SLOW_MS }, async () => {
    const folder = copyOfUsed();
    writeFileSync(join(folder, 'cluster-secret.hex'), `${'ab'.repeat(32)}\n`);
    expect(await refused(folder)).toMatch(/DC [12] could not start: .*cluster with another secret/);
  });

  test.each([
    ['that is a file', () => join(used, 'rsa-private-key.pem')],
    ['that cannot be made', () => '/proc/quincunx'],
  ])('%s is named', { timeout: SLOW_MS }, async (_name, folder) => {
    expect(await refused(folder())).toContain(`--data ${folder()}: cannot be written to`);
  });
});

test("a scenario's unknown metric, tag, value of a tag and DC, all at once", async () => {
  const file = join(root, 'mine.mjs');
  writeFileSync(
    file,
    `export default { name: 'mine', title: 'mine', traffic: { users: 1e6, messagesPerDay: 1e7 },
      window: { fromUtc: '15:00', seconds: 20 },
      faults: [{ kind: 'dc_loss', dc: 7, atSeconds: 5, forSeconds: 5 }],
      slos: { delivry_latency: ['p(99)<100ms'], 'delivery_latency{pth:same_dc}': ['p(99)<100ms'],
        'delivery_latency{path:same}': ['p(99)<100ms'], 'backlog{dc:8}': ['max<10'] } };`,
  );
  const { code, stdout, stderr } = await quincunx(['run', file, '--world', 'model']);
  expect(stderr).toMatch(/faults\[0\]\.dc: there is no DC 7; use 1, 2, 3, 4, 5/);
  expect(stderr).toMatch(/slos\['delivry_latency'\]: .*delivery_latency/);
  expect(stderr).toMatch(/slos\['delivery_latency\{pth:same_dc\}'\]: .*path/);
  expect(stderr).toMatch(/slos\['delivery_latency\{path:same\}'\]: .*same_dc/);
  expect(stderr).toMatch(/slos\['backlog\{dc:8\}'\]: .*1, 2, 3, 4, 5/);
  expect(stdout).toBe('');
  expect(code).toBe(INVALID);
});
