/**
 * How the pictures of the load look. Colours are those of the page (Okabe and Ito); layers
 * are named where they are thick, and each line has a dash of its own.
 */
export const loadStyle: string = `
.load-chart { margin: 0 0 1rem; padding: 0.6rem 0.8rem 0.7rem; background: var(--panel);
  border: 1px solid var(--rule); border-radius: 6px; min-width: 0; }
.load-chart figcaption { font-weight: 600; margin-bottom: 0.2rem; overflow-wrap: anywhere; }
.load-chart svg { display: block; width: 100%; height: auto; }
.load-chart text { font: 11px system-ui, sans-serif; fill: var(--quiet); }
.load-chart .name { fill: var(--ink); paint-order: stroke; stroke: var(--panel);
  stroke-width: 3px; }
.load-chart .grid { stroke: var(--grid); stroke-width: 1; }
.load-chart .axis { stroke: var(--rule); stroke-width: 1; }
.load-chart .window { fill: var(--ink); opacity: 0.09; }
.load-chart .window-edge { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 3 3; }
.load-chart .layer { fill: var(--k); fill-opacity: 0.85; }
.load-chart details { margin-top: 0.4rem; }
.load-chart td.text:last-child { white-space: normal; min-width: 9rem; }
.load-chart .line { fill: none; stroke: var(--k); stroke-width: 1.75; }
.c-blue { --k: var(--c-blue); }
.c-sky { --k: var(--c-sky); }
.c-orange { --k: var(--c-orange); }
.c-purple { --k: var(--c-purple); }
.c-green { --k: var(--c-green); }
.c-red { --k: var(--c-red); }
.c-black { --k: var(--c-black); }
.load-key { display: flex; flex-wrap: wrap; gap: 0.1rem 1.1rem; margin: 0.2rem 0 0; padding: 0;
  list-style: none; color: var(--quiet); font-size: 0.85rem; }
.load-key svg { display: inline-block; width: 22px; height: 10px; margin-right: 0.35rem; }
.load-shapes { display: grid; gap: 0 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
`;
