/**
 * timeout: nothing gets through, and the connection is closed `timeout` ms after the toxic took
 * hold of it (0: never). What came meanwhile is gone; removing the toxic closes the connections it
 * held. Unlike the real server, more data does not put the closing off, and connections that the
 * toxicity spared are left alone.
 */
import { Alarm } from '../alarm.ts';
import { defineToxic } from './toxic.ts';

export const timeout = defineToxic<'timeout'>({
  type: 'timeout',
  attributes: { timeout: { min: 0 } },
  start(attributes, host) {
    const startedMs = performance.now();
    let ended = false;
    const close = (): void => {
      alarm.cancel();
      if (ended) return;
      ended = true;
      host.port.end('close');
    };
    const alarm = new Alarm(close);
    const arm = (ms: number): void => {
      if (ms === 0) alarm.cancel();
      else alarm.set(startedMs + ms);
    };
    arm(attributes.timeout);
    return {
      heldBytes: 0,
      heldBytesMax: 0,
      take() {},
      // The source is gone, so there is nobody left to keep waiting.
      end: close,
      update: (changed) => arm(changed.timeout),
      release: close,
      stop: () => alarm.cancel(),
    };
  },
});
