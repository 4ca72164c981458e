/** Files of dead letters: numbers rise, and whatever is named otherwise is not ours and never touched. */
const PATTERN = /^dead-(\d{10})\.ndjson$/;

export function letterFileName(number: number): string {
  return `dead-${String(number).padStart(10, '0')}.ndjson`;
}

/** undefined where the entry is not one of ours. */
export function letterFileNumber(entry: string): number | undefined {
  const [, number] = PATTERN.exec(entry) ?? [];
  return number === undefined ? undefined : Number(number);
}
