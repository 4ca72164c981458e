import { expect, test } from 'vitest';
import type { CaptureState } from '../../../../src/ingest/proc-connector/captures.ts';
import { describeSocket } from '../../../../src/ingest/proc-connector/describe.ts';

function described(captures: CaptureState) {
  const wanted = { receiveBufferBytes: 1 << 20, kernelFilter: null, unfiltered: false, captures };
  return describeSocket({ fd: 3, receiveBufferBytes: 2 << 20, forced: true }, wanted);
}

test('with all that the kernel records nothing is degraded, and the race with the end of a process is no window', () => {
  const { degraded, lossWindows } = described({ via: 'kernel', missing: [] });
  expect(degraded).toEqual([]);
  expect(lossWindows.join('\n')).toContain('recorded by the kernel at the exec');
  expect(lossWindows.join('\n')).not.toContain('a process that ends first keeps none');
});

test('what the kernel does not record is degraded, with the reason', () => {
  const { degraded } = described({ via: 'kernel', missing: [{ feature: 'exit', reason: 'the kernel refuses the programs: EINVAL' }] });
  expect(degraded).toEqual([{ feature: 'exec_cache.exit', reason: 'the kernel refuses the programs: EINVAL' }]);
});

test('without records it is a race', () => {
  const { degraded, lossWindows } = described({ via: 'procfs', reason: 'CAP_BPF is not held' });
  expect(degraded).toEqual([{ feature: 'exec_cache', reason: 'CAP_BPF is not held; /proc is read instead' }]);
  expect(lossWindows.join('\n')).toContain('a process that ends first keeps none');
});
