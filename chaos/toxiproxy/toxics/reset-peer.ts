/**
 * reset_peer: `timeout` ms after the first data (which is dropped) or FIN, both sides get an RST.
 * Unlike the real server, connections that were open before the toxic came get an RST too, not a
 * FIN, and removing the toxic while it waits lets the connection live.
 */
import { Alarm } from '../alarm.ts';
import { defineToxic } from './toxic.ts';

export const resetPeer = defineToxic<'timeout'>({
  type: 'reset_peer',
  attributes: { timeout: { min: 0 } },
  start(attributes, host) {
    let waitMs = attributes.timeout;
    let firstMs: number | undefined;
    let finHeld = false;
    const alarm = new Alarm(() => host.port.end('reset'));
    const arm = (): void => {
      firstMs ??= performance.now();
      if (waitMs === 0) {
        alarm.cancel();
        host.port.end('reset');
      } else {
        alarm.set(firstMs + waitMs);
      }
    };
    return {
      heldBytes: 0,
      heldBytesMax: 0,
      take: arm,
      end() {
        finHeld = true;
        arm();
      },
      update(changed) {
        waitMs = changed.timeout;
        if (firstMs !== undefined) arm();
      },
      release() {
        alarm.cancel();
        if (finHeld) host.port.end('fin');
      },
      stop: () => alarm.cancel(),
    };
  },
});
