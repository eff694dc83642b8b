/**
 * Faults of the network: each is a rule on links (virtual-links.ts), kept until it heals. An effect
 * is a packet that was swallowed, lost or delayed, or a connection that was reset.
 */
import { describeFault, type Fault, type FaultKind, type FaultOf } from '../../chaos/plan.ts';
import { intBelow, uniform32 } from '../core/draws.ts';
import type { FaultScene, Undo } from './fault-scene.ts';

type LinkFaultKind =
  | 'partition'
  | 'one_way_cut'
  | 'flapping_link'
  | 'clients_cut'
  | 'slow_link'
  | 'slow_dc'
  | 'jitter'
  | 'lossy_link'
  | 'cut_mid_frame';

type Actions<Kinds extends FaultKind> = {
  readonly [Kind in Kinds]: (fault: FaultOf<Kind>, scene: FaultScene) => Undo;
};
/** Whether a directed link is meant, by the names of its nodes. */
type Where = (from: string, to: string) => boolean;

/** Bytes that still pass, at most, before a connection is cut: some pings, or half a record. */
const SEVER_BYTES_MAX = 256;

export const LINK_FAULTS: Actions<LinkFaultKind> = {
  partition(fault, scene) {
    const side = (node: string): number => {
      const dc = scene.targets.dcOf(node);
      return dc === undefined ? -1 : fault.groups.findIndex((group) => group.includes(dc));
    };
    return cut(fault, scene, (from, to) => {
      const [a, b] = [side(from), side(to)];
      return a >= 0 && b >= 0 && a !== b;
    });
  },
  one_way_cut: (fault, scene) => cut(fault, scene, directed(fault, scene)),
  flapping_link(fault, scene) {
    const where = either(fault, scene);
    const name = describeFault(fault);
    let lift: Undo = () => {};
    let next = { cancel: () => {} };
    const goDown = (): void => {
      lift = cut(fault, scene, where);
      next = scene.loop.schedule(fault.downMs, 'flap up', name, goUp);
    };
    const goUp = (): void => {
      lift();
      next = scene.loop.schedule(fault.upMs, 'flap down', name, goDown);
    };
    goDown();
    return () => {
      next.cancel();
      lift();
    };
  },
  clients_cut: (fault, scene) => cutClients(fault, scene),
  slow_link: (fault, scene) => slow(fault, scene, directed(fault, scene), () => fault.addedMs),
  slow_dc: (fault, scene) => slow(fault, scene, touching(fault.dc, scene), () => fault.addedMs),
  jitter(fault, scene) {
    const draw = (): number => uniform32(scene.random) * fault.jitterMs;
    return slow(fault, scene, directed(fault, scene), draw);
  },
  lossy_link(fault, scene) {
    const where = directed(fault, scene);
    const fate = {
      isLost(): boolean {
        const lost = uniform32(scene.random) < fault.lossShare;
        if (lost) scene.effect();
        return lost;
      },
    };
    return scene.network.addRule({
      name: describeFault(fault),
      fate: (from, to) => (where(from, to) ? fate : undefined),
    });
  },
  cut_mid_frame: (fault, scene) =>
    scene.network.sever({
      between: either(fault, scene),
      drawBytes: () => 1 + intBelow(scene.random, SEVER_BYTES_MAX),
      onSevered: () => scene.effect(),
    }),
};

/** Cuts links until it is undone; each packet that vanishes is an effect. */
function cut(fault: Fault, scene: FaultScene, where: Where): Undo {
  return scene.network.addRule({
    name: describeFault(fault),
    state: (from, to) => (where(from, to) ? 'cut' : undefined),
    onDrop: () => scene.effect(),
  });
}

/** Devices do not reach the DC any more. */
export function cutClients(fault: Fault & { readonly dc: number }, scene: FaultScene): Undo {
  const { dcOf } = scene.targets;
  const between = (device: string, dc: string): boolean =>
    dcOf(device) === undefined && dcOf(dc) === fault.dc;
  return cut(fault, scene, (from, to) => between(from, to) || between(to, from));
}

function slow(fault: Fault, scene: FaultScene, where: Where, drawMs: () => number): Undo {
  const fate = {
    delayMs(): number {
      scene.effect();
      return drawMs();
    },
  };
  return scene.network.addRule({
    name: describeFault(fault),
    fate: (from, to) => (where(from, to) ? fate : undefined),
  });
}

function directed(
  fault: { readonly from: number; readonly to: number },
  { targets: { dcOf } }: FaultScene,
): Where {
  return (from, to) => dcOf(from) === fault.from && dcOf(to) === fault.to;
}

function either(
  { a, b }: { readonly a: number; readonly b: number },
  { targets: { dcOf } }: FaultScene,
): Where {
  return (from, to) => (dcOf(from) === a && dcOf(to) === b) || (dcOf(from) === b && dcOf(to) === a);
}

/** Every link between the DC and anything that is not the DC itself. */
export function touching(dc: number, { targets: { dcOf } }: FaultScene): Where {
  return (from, to) => from !== to && (dcOf(from) === dc || dcOf(to) === dc);
}
