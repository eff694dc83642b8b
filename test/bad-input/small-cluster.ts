/**
 * Two live datacentres, each a process of its own on the loopback interface, and what attacks on
 * them are measured by: open files, memory, sessions, and whether a well-behaved client is served.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import type { LiveStatus } from '../../system-under-test/live/dc-protocol.ts';
import { freePorts, LiveCluster } from '../../system-under-test/live/live-cluster.ts';
import type { NodeNetwork } from '../../system-under-test/live/node-network.ts';
import { createNodeNetwork } from '../../system-under-test/live/node-network.ts';
import { RsaPublicKey } from '../../system-under-test/mtproto/rsa.ts';
import type { Topology } from '../../system-under-test/topology.ts';
import { CODE, WellBehaved } from './well-behaved.ts';

export const MIB = 1_048_576;
/** What a process may grow by under one attack; caches and the garbage collector take some. */
export const GROWTH_BYTES_MAX: number = 96 * MIB;
/** For whatever must come about by itself. */
const SOON_MS = 5_000;
const HOST = '127.0.0.1';

const TWO: Topology = {
  ...(fiveDatacentres as unknown as Topology),
  sites: (fiveDatacentres as unknown as Topology).sites.slice(0, 2),
  homeByPrefix: { '1': 1, '3': 2 },
  homeByDefault: 1,
};

export class SmallCluster {
  readonly folder: string;
  readonly cluster: LiveCluster;
  readonly network: NodeNetwork = createNodeNetwork();
  readonly rsaPublicKey: RsaPublicKey;
  readonly codes: { readonly phone: string; readonly code: string }[];
  readonly #pids: readonly number[];
  readonly #ports: readonly number[];
  readonly #exits: readonly string[];
  #clients = 0;
  #friend: WellBehaved | undefined;

  static async start(): Promise<SmallCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'quincunx-test-'));
    const ports = await freePorts(4);
    const exits: string[] = [];
    const codes: { phone: string; code: string }[] = [];
    const address = (index: number): string => `${HOST}:${ports[index]}`;
    try {
      const cluster = await LiveCluster.start({
        topology: TWO,
        dataFolder: folder,
        listen: new Map([
          [1, { clients: address(0), backbone: address(1) }],
          [2, { clients: address(2), backbone: address(3) }],
        ]),
        dialAddress: (_from, to) => address(to === 1 ? 1 : 3),
        clientAddresses: [1, 2].map((id) => ({ id, host: HOST, port: ports[id * 2 - 2]! })),
        testPhones: true,
        logLevel: 'debug',
        onCode: (phone, code) => codes.push({ phone, code }),
        onUnexpectedExit: (_dc, why) => exits.push(why),
      });
      return new SmallCluster(folder, cluster, ports, exits, codes);
    } catch (error) {
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  private constructor(
    folder: string,
    cluster: LiveCluster,
    ports: readonly number[],
    exits: readonly string[],
    codes: { readonly phone: string; readonly code: string }[],
  ) {
    this.folder = folder;
    this.cluster = cluster;
    this.rsaPublicKey = new RsaPublicKey(cluster.rsaPublicKeyPem);
    this.codes = codes;
    this.#pids = cluster.pids;
    this.#ports = ports;
    this.#exits = exits;
  }

  clientPort(dc: 1 | 2): number {
    return this.#ports[dc * 2 - 2]!;
  }

  backbonePort(dc: 1 | 2): number {
    return this.#ports[dc * 2 - 1]!;
  }

  get secret(): Uint8Array {
    const hex = readFileSync(join(this.folder, 'cluster-secret.hex'), 'utf8').trim();
    return new Uint8Array(Buffer.from(hex, 'hex'));
  }

  async status(dc: number): Promise<LiveStatus> {
    const status = await this.cluster.status(dc);
    if (!status) throw new Error(`DC ${dc} does not answer: ${this.#exits.join('; ')}`);
    return status;
  }

  /** Open file descriptors of a datacentre's process. */
  files(dc: 1 | 2): number {
    return readdirSync(`/proc/${this.cluster.pidOf(dc)}/fd`).length;
  }

  log(dc: number): string {
    return readFileSync(join(this.folder, `dc${dc}`, 'log.jsonl'), 'utf8');
  }

  /** A client of DC 1 that nobody has signed in with yet. */
  stranger(): Promise<WellBehaved> {
    return WellBehaved.connect(this.network, `${HOST}:${this.clientPort(1)}`, this.rsaPublicKey);
  }

  async signedIn(phone: string): Promise<WellBehaved> {
    const client = await this.stranger();
    await client.signIn(phone, async () => {
      if (phone.startsWith('99966')) return CODE;
      return soon(() => {
        const sent = this.codes.find((each) => each.phone === phone);
        if (!sent) throw new Error(`no code for ${phone}`);
        return sent.code;
      });
    });
    return client;
  }

  /** A newcomer signs in and writes to a friend who has been there all the time. */
  async expectHealthy(): Promise<void> {
    this.#friend ??= await this.signedIn('9996610000');
    const newcomer = await this.signedIn(`99966100${String(++this.#clients).padStart(2, '0')}`);
    const text = `all is well, says ${this.#clients}`;
    await newcomer.send(await newcomer.peer('9996610000'), text);
    const friend = this.#friend;
    await soon(() => expect(friend.heard).toContain(text));
    newcomer.close();
    expect(this.#exits).toEqual([]);
  }

  /** An account made at DC 2 is at DC 1 a moment later. */
  async expectReplication(): Promise<void> {
    const address = `${HOST}:${this.clientPort(2)}`;
    const client = await WellBehaved.connect(this.network, address, this.rsaPublicKey, 2);
    const number = String(++this.#clients).padStart(4, '0');
    await client.signIn(`999662${number}`, async () => '22222');
    client.close();
    const { stream } = await this.status(2);
    expect(stream).toBeGreaterThan(0);
    await soon(async () => expect((await this.status(1)).applied[2]).toBe(stream));
  }

  /** Runs an attack on DC 1; open files come back to what they were, memory stays in bounds. */
  async withstands(attack: () => Promise<void>): Promise<void> {
    const before = { files: this.files(1), rssBytes: (await this.status(1)).rssBytes };
    await attack();
    await soon(() => expect(this.files(1)).toBeLessThanOrEqual(before.files));
    const { rssBytes } = await this.status(1);
    expect(rssBytes - before.rssBytes).toBeLessThan(GROWTH_BYTES_MAX);
    await this.expectHealthy();
  }

  /** Ends everything and says so: no process, no folder. */
  async stop(): Promise<void> {
    await this.network.close();
    await this.cluster.stop();
    rmSync(this.folder, { recursive: true });
    expect(this.#pids.filter(isAlive)).toEqual([]);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

export function soon<T>(check: () => T | Promise<T>, timeout: number = SOON_MS): Promise<T> {
  return vi.waitFor(check, { timeout, interval: 10 });
}
