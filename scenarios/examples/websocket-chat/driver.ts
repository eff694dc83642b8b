/** How one user of the chat server beside this file connects, sends and hears. */

import { WebSocket } from 'ws';
import type { Driver } from '../../../sim/users/driver.ts'; // in a file of your own: 'quincunx'

/** What the server says: welcome once, then one of the others. */
type FromServer =
  | { readonly welcome: true }
  | { readonly ok: number }
  | { readonly from: number; readonly text: string };

const driver: Driver = {
  name: 'websocket-chat',
  acknowledges: true,
  connect: (user, hears) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(user.target, { perMessageDeflate: false });
      socket.on('error', reject);
      socket.on('open', () => socket.send(JSON.stringify({ hello: user.index })));
      socket.on('close', (code) => hears.closed(`code ${code}`));
      socket.on('message', (data) => {
        const said = JSON.parse(String(data)) as FromServer;
        if ('text' in said) hears.arrived(said.text);
        else if ('ok' in said) hears.acked(said.ok);
        else {
          resolve({
            send: (message) => socket.send(JSON.stringify(message)),
            close: () => socket.terminate(),
          });
        }
      });
    }),
};

export default driver;
