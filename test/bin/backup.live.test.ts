/** `quincunx backup` and `restore` against five running processes, a lost one, and none at all. */
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checked } from '../../system-under-test/datacenter/checked-store.ts';
import type { StoreWrite } from '../../system-under-test/environment/index.ts';
import type { BackupSummary } from '../../system-under-test/live/backup.ts';
import { dcFolder } from '../../system-under-test/live/cluster-files.ts';
import { askCluster } from '../../system-under-test/live/control-socket.ts';
import { setAside } from '../../system-under-test/live/data-folder.ts';
import { openLevelStore } from '../../system-under-test/live/level-store.ts';
import type { LiveCluster } from '../../system-under-test/live/live-cluster.ts';
import { quincunx } from '../setup/command.ts';
import { DCS, startDirectly, until } from '../system-under-test/live/five-processes.ts';

const SLOW_MS = 40_000;
let root: string;
let data: string;
let cluster: LiveCluster;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'quincunx-backup-'));
  data = join(root, 'data');
  await fill(join(dcFolder(data, 2), 'store'), 500);
  ({ cluster } = await startDirectly(data));
}, SLOW_MS);

afterAll(async () => {
  await cluster?.stop();
  await rm(root, { recursive: true });
}, SLOW_MS);

/** A store of `entries` entries of 60 kB. */
async function fill(folder: string, entries: number): Promise<void> {
  const store = checked(await openLevelStore(folder));
  const value = new Uint8Array(60_000).map((_, at) => (at * at * 7 + (at >> 3)) & 0xff);
  for (let start = 0; start < entries; start += 50) {
    await store.write(
      Array.from({ length: 50 }, (_, index): StoreWrite => {
        const key = `${start + index}`.padStart(8, '0');
        return { kind: 'put', partition: 'test', key, value };
      }),
    );
  }
  await store.close();
}

const linksUp = async (dc: number): Promise<number | undefined> =>
  (await cluster.status(dc))?.linksUp.length;

const files = (): string[] => readdirSync(root).sort();

async function backUp(dc: number, file: string): Promise<BackupSummary> {
  const words = ['backup', '--data', data, '--dc', `${dc}`, '--to', file, '--json'];
  const { code, stdout, stderr } = await quincunx(words);
  expect(stderr).not.toMatch(/fault/);
  expect(code).toBe(0);
  return JSON.parse(stdout) as BackupSummary;
}

async function contents(folder: string): Promise<[string, string][]> {
  const store = await openLevelStore(folder);
  const all: [string, string][] = [];
  for await (const page of store.snapshot()) {
    for (const [key, value] of page) all.push([key, Buffer.from(value).toString('hex')]);
  }
  await store.close();
  return all;
}

describe('while the cluster runs', () => {
  test('a DC is backed up and can be restored elsewhere', { timeout: SLOW_MS }, async () => {
    const file = join(root, 'dc2.backup');
    const summary = await backUp(2, file);
    expect(summary).toMatchObject({ file, dc: 2, damaged: 0 });
    expect(summary.entries).toBeGreaterThanOrEqual(500);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(files()).toEqual(['data', 'dc2.backup']);
    const secret = readFileSync(join(data, 'cluster-secret.hex'), 'utf8').trim();
    const bytes = readFileSync(file);
    expect(bytes.includes(secret)).toBe(false);
    expect(bytes.includes(Buffer.from(secret, 'hex'))).toBe(false);
    expect(bytes.includes('PRIVATE KEY')).toBe(false);
    const target = join(root, 'elsewhere');
    const words = ['restore', '--from', file, '--data', target, '--dc', '2', '--json'];
    const { code, stdout } = await quincunx(words);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(summary);
    const restored = await contents(join(target, 'dc2', 'store'));
    // All but its identity: it must ask the others what it has missed.
    expect(restored).toHaveLength(summary.entries - 1);
    await rm(target, { recursive: true });
    await rm(file);
  });

  test('its DCs are not restored over', { timeout: SLOW_MS }, async () => {
    const file = join(root, 'dc3.backup');
    await backUp(3, file);
    const words = ['restore', '--from', file, '--data', data, '--dc', '3'];
    const { code, stderr } = await quincunx(words);
    expect(code).toBe(104);
    expect(stderr).toMatch(/--dc 3: is running on .*; stop it first/);
    await rm(file);
  });

  test('a DC of it that was killed is backed up from its folder, and restored', {
    timeout: SLOW_MS,
  }, async () => {
    await cluster.kill(4);
    const file = join(root, 'dc4.backup');
    expect(await backUp(4, file)).toMatchObject({ dc: 4 });
    // Its disk is lost, the backup is put in its place: it asks the others, and serves again.
    const aside = await setAside(join(dcFolder(data, 4), 'store'));
    const words = ['restore', '--from', file, '--data', data, '--dc', '4'];
    expect((await quincunx(words)).code).toBe(0);
    await cluster.startDc(4);
    await until('all links are up again', async () => (await linksUp(4)) === DCS.length - 1);
    await rm(file);
    await rm(aside, { recursive: true });
  });

  test('the control socket is for its owner, and refuses what is no request', async () => {
    const socket = join(data, 'control.sock');
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    for (const line of ['hello', '{}', 'null', '{"ask":"backup","dc":"1"}', 'x'.repeat(20_000)]) {
      const connection = createConnection(socket);
      connection.write(`${line}\n`);
      let text = '';
      for await (const part of connection.setEncoding('utf8')) text += part as string;
      expect(JSON.parse(text), line).toEqual({ kind: 'failed', why: 'this is no request' });
    }
    const reply = await askCluster(data, { ask: 'running' });
    expect(reply).toEqual({ kind: 'running', dcs: DCS });
  });

  test('a backup whose asker goes away is given up', { timeout: SLOW_MS }, async () => {
    const stop = new AbortController();
    const file = join(root, 'never');
    const request = { ask: 'backup', dc: 2, file, temporary: join(root, 'partial') } as const;
    const asked = askCluster(data, request, {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('gone')),
    });
    await expect(asked).rejects.toThrow('gone');
    await until('nothing is left of it', () => files().join() === 'data');
    const later = join(root, 'dc2.backup');
    await backUp(2, later);
    await rm(later);
    expect(files()).toEqual(['data']);
  });
});

describe('without a cluster', () => {
  const big = (): string => join(root, 'big');

  beforeAll(() => fill(join(dcFolder(big(), 1), 'store'), 1000), SLOW_MS);

  test('a stale socket is no cluster; wrong words are all named', {
    timeout: SLOW_MS,
  }, async () => {
    const other = join(root, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'control.sock'), '');
    const words = ['backup', '--data', other, '--dc', '1', '--to', join(root, 'f')];
    const none = await quincunx(words);
    expect(none.code).toBe(104);
    expect(none.stderr).toMatch(/DC 1 has no store there/);
    const to = join(root, 'no', 'where');
    const wrong = await quincunx(['backup', '--data', `${root}/x`, '--dc', '9', '--to', to]);
    expect(wrong.code).toBe(104);
    expect(wrong.stderr).toMatch(/--dc 9: use a whole number from 1 to 5/);
    expect(wrong.stderr).toMatch(/--data \S+x: is no folder/);
    expect(wrong.stderr).toMatch(/--to \S+where: its folder is not there/);
    const there = await quincunx([
      'backup',
      '--data',
      big(),
      '--dc',
      '1',
      '--to',
      import.meta.filename,
    ]);
    expect(there.stderr).toMatch(/is already there; name a new file/);
    await rm(other, { recursive: true });
  });

  test('Ctrl-C leaves no half file and no half store', { timeout: SLOW_MS }, async () => {
    const file = join(root, 'big.backup');
    const interruptAt = (word: string) => {
      let sent = false; // once: a second Ctrl-C means "at once"
      return {
        onOutput: (text: string, kill: (signal: NodeJS.Signals) => void): void => {
          if (sent || !text.includes(word)) return;
          sent = true;
          kill('SIGINT');
        },
      };
    };
    const from = ['--data', big(), '--dc', '1'];
    const before = files();
    const stopped = await quincunx(['backup', ...from, '--to', file], interruptAt('backup  DC 1'));
    expect(stopped.code).toBe(105);
    expect(files()).toEqual(before);
    const whole = await quincunx(['backup', ...from, '--to', file]);
    expect(whole.code).toBe(0);
    expect(whole.stdout).toMatch(/DC 1: 1,000 entries, 60\.0 MB in /);
    expect(whole.stdout).toMatch(/Keep cluster-secret\.hex and rsa-private-key\.pem/);
    const target = join(root, 'target');
    const back = ['restore', '--from', file, '--data', target, '--dc', '1'];
    const halted = await quincunx(back, interruptAt('restore '));
    expect(halted.code).toBe(105);
    expect(readdirSync(join(target, 'dc1'))).toEqual([]);
    expect((await quincunx(back)).code).toBe(0);
    const again = await quincunx(back);
    expect(again.code).toBe(104);
    expect(again.stderr).toMatch(/is not empty; move it away first/);
    expect(await contents(join(target, 'dc1', 'store'))).toEqual(
      await contents(join(big(), 'dc1', 'store')),
    );
    const copy = join(root, 'copy');
    cpSync(file, copy);
    const bytes = readFileSync(copy);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(copy, bytes);
    const elsewhere = ['--data', join(root, 'new'), '--dc'];
    const damaged = await quincunx(['restore', '--from', copy, ...elsewhere, '1']);
    expect(damaged.code).toBe(104);
    expect(damaged.stderr).toMatch(/backup \S+copy is damaged \(the page at byte \d+\)/);
    const wrong = await quincunx(['restore', '--from', file, ...elsewhere, '2']);
    expect(wrong.code).toBe(104);
    expect(wrong.stderr).toMatch(/is of DC 1, not of DC 2; nothing was changed/);
  });
});
