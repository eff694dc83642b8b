/** What is said beside each field of a file that `quincunx new` writes. */

export type TemplateKind = 'scenario' | 'drill';

/** By field, lines of at most some 80 columns. */
export const FIELD_COMMENTS: Readonly<
  Record<TemplateKind, Readonly<Record<string, readonly string[]>>>
> = {
  scenario: {
    name: ['Names it on the command line: a-z, 0-9 and dashes.'],
    title: ['What happens, in one line.'],
    traffic: [
      'Who writes and how much: the whole planet, which the model carries at 1:1.',
      'Also: mix (messenger, or shares of your own), shapes (bursts and floods on top of the',
      'wave of the day), series (rates of your own), travellersShare,',
      'conversations (who answers whom, after which think time).',
    ],
    window: ['What is measured, after some seconds of warm-up. A date changes clocks and weekday.'],
    faults: [
      'What breaks, in seconds of the window. Others: partition, slow_link, dc_crash, and more;',
      'quincunx explain says which world cannot do one.',
    ],
    slos: [
      'What must hold: a metric, with tags if wanted, and thresholds in the grammar of k6.',
      'With faults, {phase:before}, {phase:fault} and {phase:after} look at a part of the run;',
      "within(250ms)>=99.99% asks for a share; 'confident' after it for more than luck.",
    ],
    worlds: ['How many people really exist where the real code runs, and how much they write.'],
    needs: ['What it is about: a world that does not have it says "undecided".'],
  },
  drill: {
    name: ['Names it on the command line: a-z, 0-9 and dashes.'],
    title: ['What happens, in one line.'],
    steadyState: ['Must hold for so long before anything breaks, and again at the end.'],
    faults: ['What breaks, in seconds from the end of that check.'],
    abortWhen: ['Everything is undone at once when one of these is so.'],
    recoverySeconds: ['From when the last fault is undone to the end.'],
    slos: ['What must hold over the whole drill: thresholds in the grammar of k6.'],
    blastRadius: ['What it may touch; a drill beyond that is refused.'],
  },
};
