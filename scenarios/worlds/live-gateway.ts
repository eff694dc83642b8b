/**
 * The live world whose users are on the gateways (REST and WebSocket) instead of MTProto: people
 * signed up there, on worker threads, behind the built-in driver. All else is that of live.ts.
 */
import { DriverThreads } from '../../sim/parallel/driver-threads.ts';
import { GATEWAY_DRIVER, gatewayData } from '../../sim/parallel/gateway-driver.ts';
import { signUpPeople } from '../../sim/parallel/gateway-people.ts';
import { runWatched } from './live.ts';
import { abortable } from './live-waiting.ts';
import type { World } from './world.ts';

const REASONS_SHOWN = 5;

export const run: World = (scenario, options) => {
  const { signal, progress } = options;
  let users: DriverThreads | undefined;
  return runWatched(scenario, options, {
    async usersOf({ gateways }, settings) {
      const { people } = settings;
      const tell = (done: number, of: number): void =>
        progress({ phase: 'setup', done: 0, text: `${done} of ${of} people signed up` });
      const signedUp = await abortable(
        signUpPeople({ gateways, people, signal, progress: tell }),
        signal,
      );
      const data = gatewayData(scenario.topology, gateways, people, signedUp);
      users = new DriverThreads({ ...settings, driver: GATEWAY_DRIVER, data });
      return users;
    },
    notesOf: () => [
      'users send by REST and hear on WebSockets, through the gateways (driver gateway)',
      ...(users?.reasons ?? []).slice(0, REASONS_SHOWN).map(([why, n]) => `${why} (${n} times)`),
    ],
  });
};
