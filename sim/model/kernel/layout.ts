/**
 * Where things lie in the kernel's memory: read by the kernel's own compiler and by TypeScript, so
 * that both sides agree. Byte offsets and counts; numbers only.
 */

/** Draws that are made at a time, as in sim/model/tables.ts. */
export const BLOCK = 128;

/** A stream of draws: state of four generators, next place in the block, the block. */
export const STREAM_AT = 64;
export const STREAM_BLOCK = 80;
export const STREAM_BYTES = 1104;

/** Streams of a DC, in this order. */
export const GAP = 0;
export const UP_ACCESS = 1;
export const CHOICE = 2;
export const GROUP_CHOICE = 3;
export const FRONT = 4;
export const ROUTER = 5;
export const ACK_ACCESS = 6;
export const SYNC_OUT = 7;
export const SYNC_IN = 8;
export const DELIVERY = 9;
export const DOWN_ACCESS = 10;
export const STREAMS = 11;

/** A law's table: 4,097 cells, then 85 nodes of the low and 85 of the high tail. */
export const TABLE_LOW = 32776;
export const TABLE_HIGH = 33456;
export const TABLE_BYTES = 34144;

/** Tables, in this order. */
export const TABLE_EXPONENTIAL = 0;
export const TABLE_ACCESS = 1;
export const TABLE_FRONT = 2;
export const TABLE_ROUTER = 3;
export const TABLE_DELIVERY = 4;
export const TABLE_SYNC = 5;
export const TABLES = 6;

/** A message in a list: time, due, serial, mark. */
export const ENTRY_BYTES = 24;

/** A list: address of its first entry, how many there are, how many fit. */
export const LIST_BASE = 0;
export const LIST_COUNT = 4;
export const LIST_ROOM = 8;
export const LIST_BYTES = 16;

/** A link: when it is free, its latest arrival, and the list of what is in flight. */
export const LINK_LAST = 8;
export const LINK_LIST = 16;
export const LINK_BYTES = 32;

/**
 * A DC: its people's next arrival, the end of its second and that second; its two logs; its lists;
 * its servers; then streams, links by recipient DC and serials by DC, sent and expected.
 */
export const DC_NEXT_AT = 0;
export const DC_SECOND_ENDS = 8;
export const DC_SECOND = 16;
export const DC_FRONT_COUNT = 20;
export const DC_ROUTER_COUNT = 24;
export const DC_DELIVERY_COUNT = 28;
export const DC_OUT_RUNNING = 32;
export const DC_OUT_GATHERED = 40;
export const DC_IN_RUNNING = 48;
export const DC_IN_GATHERED = 56;
export const DC_CHECKED = 64;
export const DC_ROUTED = 80;
export const DC_OWN = 96;
export const DC_STORED = 112;
export const DC_FRONT = 128;
export const DC_ROUTER = 640;
export const DC_DELIVERY = 1152;
export const DC_STREAMS = 1664;
/** Links follow the streams: DC_STREAMS + STREAMS × STREAM_BYTES. */
export const DC_LINKS = 13808;

/** What the kernel is told once: addresses and numbers, 8 bytes each. */
export const PLAN_DC_COUNT = 0;
export const PLAN_DC_BYTES = 8;
export const PLAN_DCS = 16;
export const PLAN_TABLES = 24;
export const PLAN_RATES = 32;
export const PLAN_SECONDS = 40;
export const PLAN_CHOICE_BITS = 48;
export const PLAN_MARKS = 56;
export const PLAN_ROW_OF = 64;
export const PLAN_THRESHOLDS = 72;
export const PLAN_ALIASES = 80;
export const PLAN_GROUP_DEVICES = 88;
export const PLAN_ONE_WAY = 96;
export const PLAN_SERIALISATION = 104;
export const PLAN_FRONT_FACTORS = 112;
export const PLAN_WINDOW_US = 120;
export const PLAN_CELLS = 128;
export const PLAN_COUNT_CELLS = 136;
export const PLAN_CELL_US = 144;
export const PLAN_LATENCY = 152;
export const PLAN_SUMS = 160;
export const PLAN_MAXIMA = 168;
export const PLAN_OFFERED = 176;
export const PLAN_DELIVERED = 184;
export const PLAN_PAIRS = 192;
export const PLAN_OUTCOMES = 200;
export const PLAN_VIOLATIONS = 208;
export const PLAN_SCRATCH = 216;
export const PLAN_OUTCOME_COUNT = 224;
export const PLAN_BYTES = 232;

export const GROUPS = 256;
export const GROUP = 1;
export const PATH_COUNT = 3;
export const BUCKET_COUNT = 1728;

/** One station by itself, see sim/model/station-run.ts: 8 bytes each. */
export const STATION_AT = 0;
export const STATION_WAITS = 8;
export const STATION_MEAN_GAP_US = 16;
export const STATION_SERVER_COUNT = 24;
export const STATION_SERVERS = 32;
/** Streams of gaps, access delays and services; tables likewise. */
export const STATION_STREAMS = 40;
export const STATION_TABLES = 48;
export const STATION_WORDS = 56;
export const STATION_LATENCIES = 64;
export const STATION_BYTES = 72;
