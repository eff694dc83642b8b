/**
 * The day on which a scenario plays that names none: an ordinary Thursday (winter in the north;
 * summer time in parts of the south).
 */
export const TRAFFIC_DATE = '2026-01-15';
