/** Who is abroad in a scaled world, and that nobody is where nobody travels. */
import { expect, test } from 'vitest';
import { type ScenarioInput, scenario } from '../../../scenarios/define.ts';
import { scaledLoad } from '../../../scenarios/worlds/load.ts';

const load = (travellersShare: number, users: number, seed = '1') => {
  const traffic: ScenarioInput['traffic'] = {
    ...{ users: 800e6, messagesPerDay: 55e9, travellersShare },
  };
  const window = { fromUtc: '12:00', seconds: 5, warmupSeconds: 0 };
  const slos = { writes_lost: ['count==0'] };
  const value = scenario({ name: 'away', title: 'Away', traffic, window, slos });
  return scaledLoad(value, { users, messagesPerSecond: 10 }, seed);
};
const isAway = ({ homeDc, connectsTo }: { homeDc: number; connectsTo?: number }): boolean =>
  connectsTo !== homeDc;

test('a share of the people, each served by a datacentre that is not their home', () => {
  const { people, notes } = load(0.33, 2000);
  const away = people.filter(isAway);
  // 660 are expected; more than 5 standard deviations (of 21) away would be a defect.
  expect(Math.abs(away.length - 660)).toBeLessThan(105);
  expect(new Set(away.map(({ connectsTo }) => connectsTo)).size).toBe(5);
  expect(notes).toContain(`${away.length} people are abroad: another datacentre serves them`);
});

test('everybody or nobody, and the digest of those who stay is the old one', () => {
  expect(load(1, 300).people.every(isAway)).toBe(true);
  const home = load(0, 300);
  expect(home.people.some(isAway)).toBe(false);
  expect(home.notes.join()).not.toContain('abroad');
  expect(load(1, 300).digest).not.toBe(home.digest);
  expect(load(1, 300).digest).toBe(load(1, 300).digest);
});

test('the same people travel in a larger world', () => {
  const small = new Map(load(0.5, 300).people.map((each) => [each.phone, each.connectsTo]));
  const large = new Map(load(0.5, 600).people.map((each) => [each.phone, each.connectsTo]));
  for (const [phone, servedBy] of small) expect(large.get(phone)).toBe(servedBy);
});

test('a share above one is refused', () => {
  expect(() => load(1.5, 300)).toThrow('traffic.travellersShare: 1.5 is not right');
});
