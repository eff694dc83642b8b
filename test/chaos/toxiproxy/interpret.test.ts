import { expect, it } from 'vitest';
import type { Machines } from '../../../chaos/machines.ts';
import type { Fault } from '../../../chaos/plan.ts';
import { ChaosDriver } from '../../../chaos/toxiproxy/driver.ts';
import { PlanInterpreter } from '../../../chaos/toxiproxy/interpret.ts';

it('refuses a plan with anything that proxies cannot do, before anything is done', async () => {
  const untouched = (): never => {
    throw new Error('it was touched');
  };
  const machines: Machines = {
    ...{ kill: untouched, start: untouched, pause: untouched, resume: untouched },
    ...{ trouble: untouched, effects: untouched },
  };
  const interpreter = new PlanInterpreter({
    // Nothing listens there: whatever asked it would fail in another way.
    driver: new ChaosDriver('http://127.0.0.1:1'),
    dcs: [1, 2],
    clock: { monotonicMs: () => 0, after: () => ({ cancel: () => {} }) },
    machines,
  });
  const timed = { atSeconds: 0, forSeconds: 1 };
  const faults: Fault[] = [
    { kind: 'dc_crash', dc: 1, ...timed },
    { kind: 'wipe', dc: 2, ...timed },
  ];
  await expect(interpreter.run({ faults }, 0)).rejects.toThrow(
    "faults[1].kind: the live world cannot do 'wipe'",
  );
});
