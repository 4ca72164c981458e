import { describe, expect, it } from 'vitest';
import { decodeWaitStatus, signalName } from '../../../src/enrich/wait-status.ts';

describe('decodeWaitStatus', () => {
  it.each([
    [0, { code: 0, signal: null, signal_name: null, core_dumped: false }],
    [256, { code: 1, signal: null, signal_name: null, core_dumped: false }],
    [255 << 8, { code: 255, signal: null, signal_name: null, core_dumped: false }],
    [9, { code: null, signal: 9, signal_name: 'SIGKILL', core_dumped: false }],
    [134, { code: null, signal: 6, signal_name: 'SIGABRT', core_dumped: true }],
    [34, { code: null, signal: 34, signal_name: 'SIGRTMIN', core_dumped: false }],
  ])('decodes %i', (status, expected) => {
    expect(decodeWaitStatus(status)).toMatchObject(expected);
  });

  it('names real-time signals, and none that do not exist', () => {
    expect([signalName(35), signalName(64), signalName(33), signalName(29), signalName(127)]).toEqual([
      'SIGRTMIN+1',
      'SIGRTMIN+30',
      'SIG33',
      'SIGIO',
      null,
    ]);
  });
});
