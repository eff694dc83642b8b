/**
 * The leaf that every world writes and every judge and drawing reads: tagged histograms, counters
 * and gauges, and the same things second by second. Imports nothing of ours. Implementation notes
 * live with the classes below; the catalogue of names is METRICS.
 */
export {};
