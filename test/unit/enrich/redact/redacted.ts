import { createRedactor } from '../../../../src/enrich/redact/redactor.ts';

const byDefault = createRedactor({ defaults: true, patterns: [] }, null);

/** The arguments as they are published by the default rules. */
export function redacted(args: readonly string[], exe: string | null = null): readonly string[] {
  return byDefault.argv(args, null, { exe, truncated: false })?.args ?? args;
}

/** Arguments and what becomes of them, as words between spaces: for cases without spaces in their arguments. */
export function redactedLine(line: string): string {
  return redacted(line.split(' ')).join(' ');
}
