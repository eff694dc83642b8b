/** A calibration with plain numbers: every station takes the same time, always. */
import { type Calibration, measuredLawOf } from '../../../sim/model/calibration.ts';
import { DEFAULT_SERVICE_TIMES } from '../../../sim/model/service-times.ts';

/** Always so long, in microseconds. */
const always = (us: number) => measuredLawOf([us, us], 'made up for a test');

export function calibrationOf(service: Partial<Calibration['service']> = {}): Calibration {
  const figure = { value: 1, low: 1, high: 1, count: 1, how: 'made up for a test' };
  return {
    schema: 1,
    quincunx: '0.0.0',
    measuredAt: '2026-11-21T18:00:00.000Z',
    machine: {
      ...{ cores: 2, cpu: 'test', platform: 'test', node: '24.0.0' },
      ...{ loadBefore: 0, loadAfter: 0, busyShare: 0.4 },
    },
    load: {
      ...{ users: 200, messagesPerSecond: 100, calmSeconds: 10, outageSeconds: 5, outages: 1 },
      ...{ lostDc: 3, textBytes: 150, toxiproxy: 'embedded', seed: '1' },
    },
    service: {
      ...DEFAULT_SERVICE_TIMES,
      access: always(10_000),
      front: always(200),
      router: { meanUs: 1, sigma: 0 },
      sync: always(1000),
      delivery: always(100),
      guestWayShare: 0,
      restartMs: 500,
      redialMs: 200,
      detectMs: 40,
      reconnectSpreadMs: 10,
      moveBackMs: 5,
      guestStayMs: 0,
      writeDrainShare: 0.2,
      deliveryDrainShare: 0.5,
      ...service,
    },
    disturbed: {
      ...{ access: always(20_000), front: always(400), sync: always(2000) },
      ...{ delivery: always(200), lossSeconds: 0, returnSeconds: 0 },
    },
    links: [{ from: 1, to: 2, count: 10, mapMs: 50, p50Ms: 51, p90Ms: 52, p99Ms: 53 }],
    groupCommit: [{ appends: 1, count: 10, p50Us: 500, p90Us: 600, p99Us: 700 }],
    outage: { detectMs: figure },
    noise: {
      slices: [
        { p50Ms: 20, p99Ms: 30 },
        { p50Ms: 21, p99Ms: 33 },
      ],
      ...{ p50Spread: 0.02, p99Spread: 0.05, generatorLagP99Ms: 2, syncMaxMs: 9, busy: false },
    },
    notes: [],
  };
}
