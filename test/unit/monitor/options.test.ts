import { describe, expect, test } from 'vitest';
import { ProcessMonitor } from '../../../src/monitor/process-monitor.ts';
import type { MonitorOptions } from '../../../src/monitor/options.ts';

describe('options', () => {
  test.each<[MonitorOptions, RegExp]>([
    [{ maxProcesses: 0 }, /maxProcesses 0/],
    [{ receiveBufferBytes: 100.5 }, /receiveBufferBytes 100.5/],
    [{ exitTtlMs: Number.NaN }, /exitTtlMs NaN/],
    [{ maxArgsBytes: '32KiB' as unknown as number }, /maxArgsBytes 32KiB/],
    [{ fallback: 'proc' as 'scan' }, /fallback "proc"/],
    [{ execCache: true as unknown as 'on' }, /execCache true/],
    [{ reciveBufferBytes: 1 } as MonitorOptions, /reciveBufferBytes is no option/],
  ])('that cannot be are refused when the monitor is made: %o', (options, message) => {
    expect(() => new ProcessMonitor(options)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(message) as string }),
    );
  });

  test('may be left undefined', () => {
    expect(new ProcessMonitor({ ancestors: 0, threads: true }).state).toBe('stopped');
  });
});
