/** An entry of an agent's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly sink?: string;
  readonly code?: string;
  readonly fix?: string;
  readonly duplicates?: number;
}

/** The log among what an agent has written to its standard error so far: whole lines of JSON. */
export function logLines(stderr: string): LogLine[] {
  return stderr
    .slice(0, stderr.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((text) => text.startsWith('{'))
    .map((text) => JSON.parse(text) as LogLine);
}
