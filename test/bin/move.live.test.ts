/** `quincunx move` against five running processes, and against none. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveControl } from '../../system-under-test/live/control-socket.ts';
import type { LiveCluster } from '../../system-under-test/live/live-cluster.ts';
import { createNodeNetwork } from '../../system-under-test/live/node-network.ts';
import { RsaPublicKey } from '../../system-under-test/mtproto/rsa.ts';
import { WellBehaved } from '../bad-input/well-behaved.ts';
import { type Outcome, quincunx } from '../setup/command.ts';
import { linked, startDirectly, until } from '../system-under-test/live/five-processes.ts';

const SLOW_MS = 30_000;
const ANNA = '9996620001';
const BERT = '9996640001';
const network = createNodeNetwork();
const clients: WellBehaved[] = [];
let root: string;
let data: string;
let addresses: readonly string[];
let cluster: LiveCluster;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'quincunx-move-'));
  data = join(root, 'data');
  ({ cluster, addresses } = await startDirectly(data));
  await linked(cluster);
}, SLOW_MS);

afterAll(async () => {
  for (const client of clients) client.close();
  await cluster?.stop();
  await rm(root, { recursive: true });
}, SLOW_MS);

/** A new device of the owner of a test number, which names the DC and its code. */
async function device(phone: string): Promise<WellBehaved> {
  const dc = Number(phone[5]);
  const key = new RsaPublicKey(cluster.rsaPublicKeyPem);
  const client = await WellBehaved.connect(network, addresses[dc - 1] ?? '', key, dc);
  clients.push(client);
  await client.signIn(phone, async () => `${dc}`.repeat(5));
  return client;
}

const move = (phone: string, to: number, ...more: string[]) =>
  quincunx(['move', '--data', data, '--phone', phone, '--to', `${to}`, ...more]);

test('a home moves with its messages, and back; what comes next comes there', {
  timeout: SLOW_MS,
}, async () => {
  const [anna, bert] = [await device(ANNA), await device(BERT)];
  await until('DC 4 has heard of Anna', () =>
    bert.peer(ANNA).then(
      () => true,
      () => false,
    ),
  );
  await until('DC 2 has heard of Bert', () =>
    anna.peer(BERT).then(
      () => true,
      () => false,
    ),
  );
  const [toAnna, toBert] = [await bert.peer(ANNA), await anna.peer(BERT)];
  await anna.send(toBert, 'before');
  const there = await move(`+${ANNA}`, 3, '--json');
  expect(there).toMatchObject({ code: 0, stderr: '' });
  const { userId } = toAnna;
  expect(JSON.parse(there.stdout)).toEqual({ userId, from: 2, to: 3, moved: true });
  await bert.send(toAnna, 'after');
  await until('Anna hears it', () => anna.heard.includes('after'));
  const other = await device(ANNA);
  expect(await other.history(await other.peer(BERT))).toEqual(['after', 'before']);
  // DC 2 knows where she is; only a DC that has her box can give her away again.
  const again = await move(ANNA, 3);
  expect(again.stdout).toBe(
    `User ${userId} is at home in DC 3 (Dubai) already; nothing was changed.\n`,
  );
  expect(again.code).toBe(0);
  const back = await move(ANNA, 2);
  expect(back.stdout).toMatch(/moves from DC 3 \(Dubai\) to DC 2 \(Amsterdam\)\./);
  expect(back.code).toBe(0);
  await anna.send(toBert, 'at last');
  await until('Bert hears it', () => bert.heard.includes('at last'));
});

test('what is not right is said; Ctrl-C ends the waiting', { timeout: SLOW_MS }, async () => {
  const x = join(root, 'x');
  const [nobody, wrong, none, halted] = await Promise.all([
    move('9996650009', 1),
    quincunx(['move', '--data', x, '--phone', '12a', '--to', '9']),
    quincunx(['move', '--data', root, '--phone', ANNA, '--to', '3']),
    interrupted(),
  ]);
  expect(halted).toMatchObject({ code: 105, stdout: '' });
  expect(nobody.stderr).toMatch(
    /the move failed: nobody has signed up with 9996650009 \(asked DC 5\)/,
  );
  expect(wrong.stderr).toMatch(/--phone 12a: use 7 to 15 digits/);
  expect(wrong.stderr).toMatch(/--to 9: use a whole number from 1 to 5/);
  expect(wrong.stderr).toMatch(/--data \S+x: is no folder/);
  expect(none.stderr).toMatch(/--data \S+: no cluster runs there; start quincunx serve/);
  for (const outcome of [nobody, wrong, none])
    expect(outcome).toMatchObject({ code: 104, stdout: '' });
});

test('a DC that is not running is named', { timeout: SLOW_MS }, async () => {
  await cluster.kill(5);
  await expect(cluster.moveHome(ANNA, 1)).rejects.toThrow(/^DC 5 not running; a home moves only/);
});

/** Asks a cluster that does not come to answer, until it has said that it waits. */
async function interrupted(): Promise<Outcome> {
  const folder = join(root, 'silent');
  await mkdir(folder);
  const gone = Promise.withResolvers<void>();
  const control = await serveControl(folder, (_request, _onProgress, signal) => {
    signal.addEventListener('abort', () => gone.resolve());
    return new Promise(() => {});
  });
  let sent = false;
  const outcome = await quincunx(['move', '--data', folder, '--phone', ANNA, '--to', '3'], {
    onOutput: (text, kill) => {
      if (sent || !text.includes('waits')) return;
      sent = true;
      kill('SIGINT');
    },
  });
  await gone.promise;
  await control.close();
  return outcome;
}
