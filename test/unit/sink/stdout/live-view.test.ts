import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { LiveView } from '../../../../src/sink/stdout/live-view.ts';
import { batchOf } from '../../../contract/records.ts';
import { until } from '../../../contract/waiting.ts';
import { FakeTerminal } from './fake-terminal.ts';

const never = new AbortController().signal;

function line(text: string, kind = 'EXEC'): Encoded {
  return { stream: 'process', kind, sequence: 1, timeUs: 0, bytes: Buffer.from(`${text}\n`) };
}

function many(count: number, kind: string): Encoded[] {
  return Array.from({ length: count }, (_, index) => line(`${kind} ${index + 1}`, kind));
}

describe('LiveView', () => {
  let terminal: FakeTerminal;
  let status: string;

  const viewOn = (columns: number, { colour = false, linesPerWindow = 3 } = {}): LiveView => {
    terminal = new FakeTerminal(columns);
    return new LiveView({ id: 'eyes', output: terminal, colour, linesPerWindow, status: () => status });
  };

  beforeEach(() => {
    status = 'heard 12 · lost 0';
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('shows lines above a status', async () => {
    const view = viewOn(80);
    await view.open(never);
    await view.write(batchOf(line('one'), line('two')), never);
    vi.advanceTimersByTime(100);
    expect(terminal.screen).toEqual(['one', 'two', 'heard 12 · lost 0']);
    await view.write(batchOf(line('three')), never);
    vi.advanceTimersByTime(100);
    expect(terminal.screen).toEqual(['one', 'two', 'three', 'heard 12 · lost 0']);
    await view.close();
  });

  it('redraws the status once a second although nothing happens', async () => {
    const view = viewOn(80);
    await view.open(never);
    vi.advanceTimersByTime(1000);
    expect(terminal.screen).toEqual(['heard 12 · lost 0']);
    status = 'heard 9';
    vi.advanceTimersByTime(999);
    expect(terminal.screen).toEqual(['heard 12 · lost 0']);
    vi.advanceTimersByTime(1);
    expect(terminal.screen).toEqual(['heard 9']);
    await view.close();
  });

  it('leaves out what nobody could follow, and says how much of which kind', async () => {
    const view = viewOn(80, { linesPerWindow: 2 });
    await view.open(never);
    await view.write(batchOf(line('a'), line('b'), ...many(2012, 'EXIT'), ...many(1900, 'FORK')), never);
    vi.advanceTimersByTime(100);
    expect(terminal.screen).toEqual(['a', 'b', '… 3,912 more (fork 1,900, exit 2,012)', 'heard 12 · lost 0']);
    await view.write(batchOf(line('c')), never);
    vi.advanceTimersByTime(100);
    expect(terminal.screen.slice(3)).toEqual(['c', 'heard 12 · lost 0']);
    await view.close();
  });

  it('never wraps on a narrow terminal, whatever the characters', async () => {
    const view = viewOn(40, { colour: true, linesPerWindow: 4 });
    status = `heard ${'1,234,567 · '.repeat(9)}`;
    await view.open(never);
    const lines = ['漢字'.repeat(30), `\u001b[31m${'x'.repeat(200)}\u001b[0m`, '🦀'.repeat(19), 'short'];
    await view.write(batchOf(...lines.map((text) => line(text)), ...many(5, 'COREDUMP')), never);
    await view.write({ items: many(123_456, 'FORK'), bytes: 0 }, never);
    vi.advanceTimersByTime(100);
    expect(terminal.screen).toHaveLength(6);
    expect(terminal.screen.slice(2, 4)).toEqual(['🦀'.repeat(19), 'short']);
    expect(terminal.screen[0]).toBe(`${'漢字'.repeat(9)}漢…`);
    expect(terminal.screen[1]).toBe(`${'x'.repeat(39)}…`);
    expect(terminal.screen[4]).toBe('… 123,461 more (fork 123,456, coredump …');
    expect(terminal.screen[5]).toHaveLength(39);
    await view.close();
  });

  it('follows a terminal that becomes narrower', async () => {
    const view = viewOn(80);
    status = 'x'.repeat(60);
    await view.open(never);
    vi.advanceTimersByTime(1000);
    terminal.columns = 30;
    vi.advanceTimersByTime(1000);
    expect(terminal.screen).toEqual([`${'x'.repeat(28)}…`]);
    await view.close();
  });

  it('dims the status and what it leaves out only where colours are shown', async () => {
    for (const colour of [true, false]) {
      const view = viewOn(80, { colour, linesPerWindow: 1 });
      await view.open(never);
      await view.write(batchOf(line('a'), line('b')), never);
      vi.advanceTimersByTime(100);
      expect(terminal.raw.includes('\u001b[2m… 1 more (exec 1)\u001b[0m')).toBe(colour);
      expect(terminal.raw.includes('\u001b[2mheard 12 · lost 0\u001b[0m')).toBe(colour);
      await view.close();
    }
  });

  it('takes events at once while the terminal is stopped, and counts what it could not show', async () => {
    const view = viewOn(80, { linesPerWindow: 2 });
    await view.open(never);
    terminal.stop();
    await view.write(batchOf(line('a'), line('y'.repeat(2000)), line('c')), never);
    vi.advanceTimersByTime(100);
    const shown = terminal.raw.length;
    for (let round = 0; round < 50; round += 1) {
      await view.write(batchOf(...many(100, 'FORK')), never);
      vi.advanceTimersByTime(100);
    }
    // The frame on its way, and the ones that a stream takes until it is congested.
    expect(terminal.raw.length).toBe(shown);
    expect(terminal.writableLength).toBeLessThan(3000);
    terminal.resume();
    await until(() => terminal.writableLength === 0);
    vi.advanceTimersByTime(1000);
    await until(() => terminal.writableLength === 0);
    const omitted = terminal.screen
      .map((row) => /… ([\d,]+) more/.exec(row)?.[1]?.replaceAll(',', ''))
      .filter((count) => count !== undefined);
    const forks = terminal.screen.filter((row) => row.startsWith('FORK')).length;
    expect(omitted.reduce((sum, count) => sum + Number(count), 0) + forks + 2).toBe(5003);
    await view.close();
  });

  it('prints what the agent has to say above the status, at once', async () => {
    const view = viewOn(80);
    await view.open(never);
    vi.advanceTimersByTime(1000);
    await view.write(batchOf(line('event')), never);
    view.announce('cannot write /x: ENOSPC');
    expect(terminal.screen).toEqual(['cannot write /x: ENOSPC', 'heard 12 · lost 0']);
    vi.advanceTimersByTime(100);
    expect(terminal.screen).toEqual(['cannot write /x: ENOSPC', 'event', 'heard 12 · lost 0']);
    await view.close();
  });

  it('leaves a line of its own to whoever prints beside it', async () => {
    const view = viewOn(80);
    await view.open(never);
    vi.advanceTimersByTime(1000);
    terminal.write('12:00:00 warn a line of the log\n');
    vi.advanceTimersByTime(1000);
    expect(terminal.screen).toEqual(['12:00:00 warn a line of the log', 'heard 12 · lost 0']);
    await view.close();
  });

  it('shows the last lines at close, and leaves the terminal as it was', async () => {
    const view = viewOn(80, { linesPerWindow: 2 });
    await view.open(never);
    vi.advanceTimersByTime(1000);
    await view.write(batchOf(line('a'), line('b'), line('c')), never);
    await view.close();
    expect(terminal.screen).toEqual(['a', 'b', '… 1 more (exec 1)', '', '']);
    expect(terminal.cursorShown).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    await expect(view.write(batchOf(line('d')), never)).rejects.toMatchObject({ code: 'BUG' });
  });

  it('shows the cursor between frames, so that a kill leaves it shown', async () => {
    const view = viewOn(80);
    await view.open(never);
    vi.advanceTimersByTime(1000);
    expect(terminal.raw).toContain('\u001b[?25l');
    expect(terminal.cursorShown).toBe(true);
    await view.close();
  });

  it('closes although the terminal is stopped', async () => {
    const view = viewOn(80);
    await view.open(never);
    terminal.stop();
    vi.advanceTimersByTime(1000);
    vi.useRealTimers();
    await view.close();
    terminal.resume();
  });

  it('wraps a line of the agent that is wider than the terminal: nothing of it is cut off', async () => {
    const view = viewOn(20);
    await view.open(never);
    expect(view.announce('cannot write to /漢字: ENOSPC; free space')).toBe(true);
    expect(terminal.screen).toEqual(['cannot write to', '  /漢字: ENOSPC;', '  free space', 'heard 12 · lost 0']);
    await view.close();
  });

  it('goes quiet when the terminal is hung up, and rejects what comes then', async () => {
    const view = viewOn(80);
    await view.open(never);
    terminal.destroy(Object.assign(new Error('hung up'), { code: 'EIO' }));
    await until(() => view.gone);
    await expect(view.write(batchOf(line('a')), never)).rejects.toMatchObject({ code: 'OUTPUT_GONE' });
    expect(view.announce('a line')).toBe(false);
    vi.advanceTimersByTime(1100);
    await view.close();
    expect(terminal.raw).toBe('');
  });

  it('asks the terminal not to hold up the process, and gives that back', async () => {
    const view = viewOn(80);
    const asked: boolean[] = [];
    Object.assign(terminal, { _handle: { setBlocking: (on: boolean) => asked.push(on) } });
    await view.open(never);
    expect(asked).toEqual([false]);
    await view.close();
    expect(asked).toEqual([false, true]);
  });
});
