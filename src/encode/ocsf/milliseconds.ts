/** OCSF counts milliseconds; the microseconds are in `metadata.original_time`. */
export const milliseconds = (timeUs: number): number => Math.floor(timeUs / 1000);
