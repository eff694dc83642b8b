/** What every section of report.html is made of. */
import { type Markup, markup, type Part } from './xml.ts';

export function section(id: string, title: string, body: Part): Markup {
  return markup`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${body}
</section>`;
}

/** A chart that page.js draws: `kind` says how, `key` of what (a world, or a path). */
export function chart(kind: string, key: string, caption: string, label: string): Markup {
  return markup`<figure class="chart" data-chart="${kind}" data-key="${key}">
<figcaption>${caption}</figcaption>
<div class="plot" role="img" tabindex="0" aria-label="${label}"></div>
<details><summary>Numbers of this chart</summary><div class="scroll numbers" tabindex="0" role="group" aria-label="Numbers: ${label}"></div></details>
</figure>`;
}

/** A table that scrolls by itself where it is wider than the page, by keyboard too. */
export function scrolling(label: string, table: Markup): Markup {
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${label}">${table}</div>`;
}
