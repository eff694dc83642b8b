/** What a drill is going to do, as a terminal shows it. */
import { expect, test } from 'vitest';
import { drillPlanText } from '../../bin/drill-text.ts';
import { drillNames, loadDrill } from '../../scenarios/drills/load.ts';

const DCS = [
  { id: 1, name: 'Miami' },
  { id: 2, name: 'Amsterdam' },
  { id: 3, name: 'Dubai' },
  { id: 4, name: 'Mumbai' },
  { id: 5, name: 'Singapore' },
];

test.each(drillNames())('%s: what it touches fits into 80 columns, whole', async (name) => {
  const { drill, blast } = await loadDrill(name, '/');
  const text = drillPlanText(drill, blast, DCS);
  const touches = text.slice(text.indexOf('\ntouches\n') + '\ntouches\n'.length);
  for (const line of touches.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  const words = touches.replace(/\s+/g, ' ');
  for (const { usersTouched, largestGroup } of blast) {
    expect(words).toContain(`${Math.round(usersTouched * 100)} % touched`);
    expect(words).toContain(`${largestGroup} of 5 datacentres together`);
  }
});
