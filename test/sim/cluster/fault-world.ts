/**
 * Three machines, DCs 1 to 3, that listen and keep what they hear, and faults that strike them.
 */
import type { Fault } from '../../../chaos/plan.ts';
import type { MachineTargets } from '../../../sim/cluster/fault-scene.ts';
import { type FaultRun, runFaults } from '../../../sim/cluster/faults.ts';
import type { VirtualLoop } from '../../../sim/cluster/virtual-loop.ts';
import { createVirtualMachine, type VirtualMachine } from '../../../sim/cluster/virtual-machine.ts';
import type { VirtualNetwork } from '../../../sim/cluster/virtual-network.ts';
import type { Environment } from '../../../system-under-test/environment/index.ts';
import { type Heard, hear, smallWorld } from './world.ts';

export const DCS = [1, 2, 3];
export const SILENCE = 'dc2 did not answer within 200 ms';

export interface FaultWorld {
  readonly loop: VirtualLoop;
  readonly network: VirtualNetwork;
  readonly run: FaultRun;
  /** "crash 2 at 1000", "restart 2 at 3000" */
  readonly happened: string[];
  machine(dc: number): VirtualMachine;
  /** Of the life that runs, or of the last one. */
  environment(dc: number): Environment;
  /** How long a connect takes (ms), or why it fails. */
  reach(node: string, dc: number): Promise<number | string>;
  /** A connection to the DC, both ends heard. */
  connect(node: string, dc: number): Promise<{ readonly here: Heard; readonly there: Heard }>;
}

export interface FaultWorldOptions {
  readonly seed?: string;
  readonly mayRot?: MachineTargets['mayRot'];
  readonly isElsewhere?: MachineTargets['isElsewhere'];
  /** Called with each new life. */
  readonly onBoot?: (dc: number, environment: Environment) => void;
}

export async function faultWorld(
  faults: readonly Fault[],
  options: FaultWorldOptions = {},
): Promise<FaultWorld> {
  const { loop, network } = smallWorld(options.seed ?? 'faults');
  const happened: string[] = [];
  const accepted = new Map<number, Heard[]>();
  const environments = new Map<number, Environment>();
  const machines = new Map(
    DCS.map((dc) => [dc, createVirtualMachine({ loop, network, node: `dc ${dc}` })]),
  );
  const machine = (dc: number): VirtualMachine => machines.get(dc)!;
  const boot = async (dc: number): Promise<void> => {
    const environment = machine(dc).boot();
    environments.set(dc, environment);
    accepted.set(dc, []);
    options.onBoot?.(dc, environment);
    await environment.network.listen(`dc${dc}`, (connection) => {
      accepted.get(dc)!.push(hear(loop, connection));
    });
  };
  for (const dc of DCS) await boot(dc);
  const run = runFaults({ faults }, loop, network, {
    crash(dc) {
      happened.push(`crash ${dc} at ${loop.nowMs()}`);
      machine(dc).crash();
    },
    restart(dc) {
      happened.push(`restart ${dc} at ${loop.nowMs()}`);
      void boot(dc);
    },
    dcOf: (node) => DCS.find((dc) => node === `dc ${dc}`),
    machines: {
      dcs: DCS,
      machine,
      mayRot: options.mayRot ?? (() => () => true),
      isElsewhere: options.isElsewhere ?? (() => true),
    },
  });
  const networkOf = (node: string) => {
    const dc = DCS.find((each) => node === `dc ${each}`);
    return dc === undefined ? network.forNode(node) : environments.get(dc)!.network;
  };
  return {
    loop,
    network,
    run,
    happened,
    machine,
    environment: (dc) => environments.get(dc)!,
    async reach(node, dc) {
      const startMs = loop.nowMs();
      try {
        const connection = await loop.settle(networkOf(node).connect(`dc${dc}`, 200));
        connection.destroy();
        // Whole microseconds: the difference of two times is not exact.
        return Math.round((loop.nowMs() - startMs) * 1000) / 1000;
      } catch (error) {
        return (error as Error).message;
      }
    },
    async connect(node, dc) {
      const before = accepted.get(dc)!.length;
      const connecting = networkOf(node).connect(`dc${dc}`, 1000);
      const here = await loop.settle(connecting.then((connection) => hear(loop, connection)));
      await loop.run(() => accepted.get(dc)!.length > before);
      return { here, there: accepted.get(dc)!.at(-1)! };
    },
  };
}
