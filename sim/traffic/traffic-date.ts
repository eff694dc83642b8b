/**
 * The day on which every scenario plays: an ordinary Thursday, with the offsets from UTC in force
 * then (winter in the north; summer time in parts of the south).
 */
export const TRAFFIC_DATE = '2026-01-15';
