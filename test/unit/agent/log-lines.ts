import { createLog, type Logger } from '../../../src/telemetry/log.ts';

/** A log, and its entries without their time. */
export function recordedLog(): { readonly log: Logger; readonly entries: Record<string, unknown>[] } {
  const entries: Record<string, unknown>[] = [];
  const write = (text: string): boolean => {
    const { time: _time, ...entry } = JSON.parse(text) as Record<string, unknown>;
    entries.push(entry);
    return true;
  };
  return { log: createLog({ write }, { level: 'info', colour: false }), entries };
}
