/**
 * The load of a calibration: people at every DC who write to each other evenly, so that each link
 * is measured alike; then one DC is lost, while its people write more, so that a backlog gathers
 * from whose drain a rate can be read.
 */
import { Digest } from '../../sim/core/digest.ts';
import { exponential, poisson } from '../../sim/core/draws.ts';
import { keyOfSeed } from '../../sim/core/seed.ts';
import { randomStream } from '../../sim/core/streams.ts';
import { testPhone } from '../../sim/traffic/schedule.ts';
import type { CrowdPerson, DueMessage } from '../../sim/users/crowd.ts';
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import type { ScaledLoad } from '../worlds/load.ts';

export interface CalibrationLoad {
  readonly users: number;
  readonly messagesPerSecond: number;
  readonly textBytes: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
  readonly lostDc: number;
  /** When that is, in seconds of the window. */
  readonly outages: readonly { readonly atSeconds: number; readonly forSeconds: number }[];
  /** What the people of the lost DC write then. */
  readonly backlogPerSecond: number;
  readonly seed: string;
}

/** Messages that stay within their DC; the others go evenly to the other DCs. */
const SAME_DC_SHARE = 0.75;
/** Every text carries its number, by which it is recognised when it arrives. */
const TEXT_BYTES_MIN = 12;
const TEXT_BYTES_MAX = 4096;

export function calibrationLoad(topology: Topology, load: CalibrationLoad): ScaledLoad {
  const dcs = dcIds(topology);
  const people = peopleOf(dcs, load.users);
  const peopleAt = new Map(dcs.map((dc) => [dc, people.filter(({ homeDc }) => homeDc === dc)]));
  const words = randomStream(keyOfSeed(load.seed), 'calibrate.messages');
  const below = (count: number): number => Math.floor((words.nextWord() / 2 ** 32) * count);
  const person = (dc: number): CrowdPerson => {
    const here = peopleAt.get(dc)!;
    return here[below(here.length)]!;
  };
  const messages: DueMessage[] = [];
  for (let second = 0; second < load.warmupSeconds + load.seconds; second++) {
    const at = second - load.warmupSeconds;
    const isOut = load.outages.some(
      ({ atSeconds, forSeconds }) => at >= atSeconds && at < atSeconds + forSeconds,
    );
    for (const dc of dcs) {
      const usual = load.messagesPerSecond / dcs.length;
      const rate = isOut && dc === load.lostDc ? load.backlogPerSecond : usual;
      for (let left = poisson(words, rate); left > 0; left--) {
        const sender = person(dc);
        const others = dcs.filter((other) => other !== dc);
        const stays = words.nextWord() / 2 ** 32 < SAME_DC_SHARE;
        const to = stays ? dc : others[below(others.length)]!;
        let recipient = person(to);
        while (recipient === sender) recipient = person(to);
        const wanted = Math.round(exponential(words, load.textBytes));
        messages.push({
          dueMs: (second + words.nextWord() / 2 ** 32) * 1000,
          sender: sender.index,
          recipient: recipient.index,
          textBytes: Math.min(TEXT_BYTES_MAX, Math.max(TEXT_BYTES_MIN, wanted)),
        });
      }
    }
  }
  messages.sort((a, b) => a.dueMs - b.dueMs);
  const digest = new Digest().text('calibration').text(JSON.stringify(load)).hex();
  return { people, messages, digest, scale: `${people.length} people`, notes: [] };
}

function peopleOf(dcs: readonly number[], users: number): CrowdPerson[] {
  return Array.from({ length: users }, (_, index): CrowdPerson => {
    const homeDc = dcs[index % dcs.length]!;
    const number = Math.floor(index / dcs.length);
    return { index, homeDc, name: `Person ${index}`, phone: testPhone(homeDc, number) };
  });
}
