/**
 * Where a message is, for those who measure the stations it passes. Absent in ordinary service; a
 * trace must not throw, wait or keep the text, which is somebody's.
 */

/** In the order in which a message passes them; the last three at its recipient's home DC. */
export const STATIONS = [
  /** Its request is decrypted and taken up at the DC that serves its sender. */
  'arrived',
  /** Its writes are handed to the commit log of its sender's home. */
  'staged',
  /** They are durable there. */
  'durable',
  /** It came over a backbone link. */
  'inbound',
  /** Its writes are handed to the commit log of its recipient's home. */
  'inbound_staged',
  /** They are durable there. */
  'inbound_durable',
  /** It was written to the sessions of its recipient, here or by way of other DCs. */
  'pushed',
] as const;

export type StationName = (typeof STATIONS)[number];

export type Trace = (station: StationName, text: string) => void;
