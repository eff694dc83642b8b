/** slow_close: data flows freely, the end of the connection is passed on `delay` ms late. */
import { Alarm } from '../alarm.ts';
import { defineToxic, type End } from './toxic.ts';

export const slowClose = defineToxic<'delay'>({
  type: 'slow_close',
  attributes: { delay: { min: 0 } },
  start(attributes, host) {
    let delayMs = attributes.delay;
    let held: { readonly end: End; readonly atMs: number } | undefined;
    const pass = (): void => {
      alarm.cancel();
      if (held === undefined) return;
      const { end } = held;
      held = undefined;
      host.port.end(end);
    };
    const alarm = new Alarm(pass);
    const arm = (): void => {
      if (held !== undefined) alarm.set(held.atMs + delayMs);
    };
    return {
      heldBytes: 0,
      heldBytesMax: 0,
      take: (bytes, atMs) => host.port.take(bytes, atMs),
      end(end) {
        held = { end, atMs: performance.now() };
        arm();
      },
      update(changed) {
        delayMs = changed.delay;
        arm();
      },
      release: pass,
      stop: () => alarm.cancel(),
    };
  },
});
