/** The driver of the generator benchmark: each user writes to an echo server, that is to itself. */
import { WebSocket } from 'ws';
import type { Driver } from '../../sim/users/driver.ts';

const driver: Driver = {
  connect: (user, hears) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(user.target, { perMessageDeflate: false });
      socket.on('error', reject);
      socket.on('close', (code) => hears.closed(`code ${code}`));
      socket.on('message', (data) => hears.arrived(String(data)));
      socket.on('open', () =>
        resolve({
          send: ({ text }) => socket.send(text),
          close: () => socket.terminate(),
        }),
      );
    }),
};

export default driver;
