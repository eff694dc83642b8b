/** Goldens live in test/golden/reports; `vitest run test/reports -u` writes them after a change. */
import { describe, expect, test } from 'vitest';
import { renderJson } from '../../../reports/render/json.ts';
import { renderJunit } from '../../../reports/render/junit.ts';
import { renderMarkdown } from '../../../reports/render/markdown.ts';
import { renderOpenMetrics } from '../../../reports/render/openmetrics.ts';
import { renderTerminal } from '../../../reports/render/terminal.ts';
import { type ResultsDocument, resultsDocument } from '../../../reports/results.ts';
import { fixture, hostile, rich, undecided } from '../fixture.ts';

const golden = (name: string): string => `../../golden/reports/${name}`;
const ESCAPE = String.fromCharCode(27);

describe('terminal', () => {
  const plain = (results: ResultsDocument, width: number): string =>
    renderTerminal(results, { plain: true, width, reportPath: 'out/report.html' });

  test.each([80, 120])('plain, %d columns', async (width) => {
    await expect(plain(fixture(), width)).toMatchFileSnapshot(golden(`terminal-${width}.txt`));
  });

  test('an undecided run says why', async () => {
    await expect(plain(undecided(), 80)).toMatchFileSnapshot(golden('terminal-undecided.txt'));
  });

  test.each([1, 72, 80, 100, 110, 120, 160, 1000])('fits into %d columns', (width) => {
    for (const results of [fixture(), undecided()]) {
      const widest = Math.max(
        ...plain(results, width)
          .split('\n')
          .map((line) => line.length),
      );
      expect(widest).toBeLessThanOrEqual(Math.min(160, Math.max(72, width)));
    }
  });

  test('plain is ASCII without escapes; otherwise there are colours', () => {
    expect(plain(fixture(), 80)).toMatch(/^[\n -~]+$/);
    expect(renderTerminal(fixture(), { plain: false, width: 80 })).toContain(`${ESCAPE}[31m`);
  });

  test('the verdict is the first word', () => {
    expect(plain(fixture(), 80)).toMatch(/^X BROKEN {2}A promise was broken in live\./);
    expect(plain(undecided(), 80)).toMatch(/^\? UNDECIDED/);
  });

  test('a title cannot move the cursor', () => {
    const text = renderTerminal(hostile(), { plain: false, width: 80 });
    expect(text).not.toContain(`${ESCAPE}[2J`);
    expect(text).not.toContain('\u202e');
  });
});

describe('junit', () => {
  test('golden', async () => {
    await expect(renderJunit(fixture())).toMatchFileSnapshot(golden('junit.xml'));
  });

  test('undecided and void are errors, one case a threshold', () => {
    const xml = renderJunit(undecided());
    expect(xml.match(/<testcase /g)).toHaveLength(7 + 1);
    expect(xml).toContain('<error message="the generator was late: p99 310 ms"/>');
    expect(xml).toMatch(/<error message="undecided: \d+ samples are too few/);
  });

  test('a drill that was aborted fails, whatever its promises say', () => {
    const xml = renderJunit(rich());
    expect(xml).toMatch(/name="the drill: steady state"><system-out>/);
    expect(xml).toMatch(
      /name="the drill: aborted"><failure message="aborted at 52.5 s: broken \(DC 4: p\(99\)&lt;2s\)"/,
    );
    expect(xml).toMatch(/name="the drill: recovered"><error message=/);
  });

  test('text is escaped', () => {
    const xml = renderJunit(hostile());
    expect(xml).not.toMatch(/<script|<img/);
    expect(xml).not.toContain(ESCAPE);
  });
});

describe('markdown', () => {
  test('golden', async () => {
    await expect(renderMarkdown(fixture())).toMatchFileSnapshot(golden('summary.md'));
  });

  test('a drill says how its steps went', () => {
    const text = renderMarkdown(rich());
    expect(text).toContain('- ✅ cluster, drill: steady state at 0 s: held');
    expect(text).toContain(
      '- ❌ cluster, drill: aborted at 52.5 s: broken (DC 4 (Mumbai): p(99)&#60;2s)',
    );
  });

  test('verdict first, and text is no markup', () => {
    expect(renderMarkdown(undecided())).toMatch(/^## ❔ UNDECIDED/);
    const text = renderMarkdown(hostile());
    expect(text.replace(/(`+)[^\n]*?[^`]\1(?!`)/g, '')).not.toMatch(/<script|<img|\[link\]\(/);
    for (const row of text.split('\n').filter((line) => line.startsWith('|'))) {
      expect(row.replaceAll('\\|', '').split('|')).toHaveLength(1 + 4 + 1);
    }
  });
});

describe('openmetrics', () => {
  test('golden', async () => {
    await expect(renderOpenMetrics(fixture())).toMatchFileSnapshot(golden('metrics.prom'));
  });

  test('every line is of the format, families are whole, and it ends', () => {
    const lines = renderOpenMetrics(hostile()).trimEnd().split('\n');
    expect(lines.at(-1)).toBe('# EOF');
    const label = '[a-z_]+="(?:[^"\\\\]|\\\\["\\\\n])*"';
    const sample = new RegExp(`^([a-z_]+)\\{${label}(?:,${label})*\\} (NaN|[0-9.e+-]+)$`);
    const seen = new Set<string>();
    let family = '';
    for (const line of lines.slice(0, -1)) {
      if (line.startsWith('# TYPE ')) {
        family = line.split(' ')[2]!;
        expect(seen.has(family), line).toBe(false);
        seen.add(family);
      } else if (!line.startsWith('# ')) {
        const name = sample.exec(line)?.[1];
        expect(name, line).toBeDefined();
        expect(name!.startsWith(family), line).toBe(true);
      }
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  test('histogram buckets never fall and end at the count', () => {
    const lines = renderOpenMetrics(fixture()).split('\n');
    let before = 0;
    let histograms = 0;
    for (const line of lines) {
      const value = Number(line.slice(line.lastIndexOf(' ') + 1));
      if (line.includes('_bucket{')) {
        expect(value).toBeGreaterThanOrEqual(before);
        before = value;
      } else if (/_count\{/.test(line)) {
        expect(value).toBe(before);
        before = 0;
        histograms += 1;
      }
    }
    expect(histograms).toBeGreaterThan(20);
  });
});

describe('json', () => {
  test('it reads back as the document, and equal documents give equal text', () => {
    const text = renderJson(fixture());
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(fixture())));
    expect(renderJson(resultsDocument({ ...fixture() }))).toBe(text);
    expect(text.startsWith('{\n  "schema": 1,\n  "quincunx": "0.1.0",')).toBe(true);
  });
});
