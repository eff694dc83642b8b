/**
 * The built-in driver `gateway`: people on the REST and WebSocket interface of our own datacentres.
 * Its `setup` is for one gateway that runs already (`quincunx serve`); a world that starts its own
 * five makes the data itself (`gatewayData`).
 */
import { randomBytes } from 'node:crypto';
import type { Topology } from '../../system-under-test/topology.ts';
import { dcIds, nearestOthers } from '../../system-under-test/topology.ts';
import { testPhone } from '../traffic/schedule.ts';
import type { CrowdPerson } from '../users/crowd.ts';
import type { Driver, DriverRun } from '../users/driver.ts';
import { type GatewayData, GatewayDevice } from './gateway-device.ts';
import { type GatewayPerson, signUpPeople } from './gateway-people.ts';
import { ask } from './gateway-requests.ts';
import type { PersonModule } from './person-module.ts';

/** As threads load it. */
export const GATEWAY_DRIVER: PersonModule = { url: import.meta.url, packageUrl: '' };

const HEALTH_MS = 5_000;
const MARK_BYTES = 4;

const gatewayDriver: Driver<GatewayData> = {
  name: 'gateway',
  acknowledges: true,
  setup: signUpAt,
  async connect({ index }, hears, data) {
    const device = new GatewayDevice(data, index, hears);
    await device.start();
    return device;
  },
};

export default gatewayDriver;

/** For everyone at home, and served, where the scenario says. */
export function gatewayData(
  topology: Topology,
  gateways: ReadonlyMap<number, string>,
  people: readonly CrowdPerson[],
  signedUp: readonly GatewayPerson[],
): GatewayData {
  const ways = dcIds(topology).map((dc) => [dc, [dc, ...nearestOthers(topology, dc)]]);
  return {
    gateways: Object.fromEntries(gateways),
    ways: Object.fromEntries(ways),
    people: signedUp.map((person, index) => {
      return { ...person, servedBy: people[index]?.connectsTo ?? person.dc };
    }),
    mark: randomBytes(MARK_BYTES).toString('hex'),
  };
}

/** Everyone gets a test number of the one datacentre that the target is the gateway of. */
async function signUpAt({ users, target, signal }: DriverRun): Promise<GatewayData> {
  const gateway = target.replace(/\/+$/, '');
  const health = { method: 'GET', url: `${gateway}/v1/health`, timeoutMs: HEALTH_MS } as const;
  const { status, body } = await ask(health);
  const { dc } = (body ?? {}) as { readonly dc?: unknown };
  if (status !== 200 || typeof dc !== 'number') {
    throw new Error(`${target} is not a gateway of quincunx serve: /v1/health answers ${status}`);
  }
  const people = users.map(({ index, name }) => ({
    ...{ homeDc: dc, name },
    phone: testPhone(dc, index),
  }));
  const gateways = new Map([[dc, gateway]]);
  const signedUp = await signUpPeople({ gateways, people, signal, progress: () => {} });
  return {
    gateways: { [dc]: gateway },
    ways: { [dc]: [dc] },
    people: signedUp.map((person) => ({ ...person, servedBy: dc })),
    mark: randomBytes(MARK_BYTES).toString('hex'),
  };
}
