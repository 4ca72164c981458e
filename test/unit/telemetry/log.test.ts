import { describe, expect, test } from 'vitest';
import { createLog, humanLine } from '../../../src/telemetry/log.ts';

function logged(isTTY: boolean): { lines: string[]; log: ReturnType<typeof createLog> } {
  const lines: string[] = [];
  const log = createLog({ isTTY, write: (text) => lines.push(text) > 0 }, { level: 'info', colour: false });
  return { lines, log };
}

describe('the log', () => {
  test('is one JSON object a line where no person looks', () => {
    const { lines, log } = logged(false);
    log.warn({ sink: 'disk' }, 'trying again');
    expect(JSON.parse(lines[0] as string)).toMatchObject({ level: 'warn', sink: 'disk', msg: 'trying again' });
    expect(lines[0]).toMatch(/\n$/);
  });

  test('is a line of text on a terminal, with the fields behind the message', () => {
    const { lines, log } = logged(true);
    log.child({ sink: 'disk' }).info({ bytes: 12 }, 'finished');
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d info {2}finished sink=disk bytes=12\n$/);
  });

  test('leaves out what is below its level', () => {
    const { lines, log } = logged(true);
    log.debug('not of interest');
    expect(lines).toEqual([]);
  });

  test('cannot be made to send control sequences by what it reports', () => {
    const line = humanLine(
      JSON.stringify({ level: 'error', time: '2026-01-01T00:00:00Z', msg: 'bad \u001b[2J name', path: '/x\n\u202e' }),
      false,
    );
    for (const hostile of ['\u001b', '\u202e']) expect(line).not.toContain(hostile);
    expect(line.trimEnd()).not.toContain('\n');
  });

  test('colours warnings and errors only where asked for', () => {
    const json = JSON.stringify({ level: 'warn', time: '2026-01-01T00:00:00Z', msg: 'm' });
    expect(humanLine(json, true)).toContain('\u001b[33mwarn');
    expect(humanLine(json, false)).not.toContain('\u001b');
  });
});
