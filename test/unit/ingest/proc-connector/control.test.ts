import { expect, test, vi } from 'vitest';
import { CONTROL_BYTES, IngestControl, StopRequest } from '../../../../src/ingest/proc-connector/control.ts';

const newControl = (): IngestControl => new IngestControl(new SharedArrayBuffer(CONTROL_BYTES));

test('a stop stays as urgent as it was asked for', () => {
  const control = newControl();
  control.requestStop('hurry');
  control.requestStop('drain');
  expect(control.stopRequest).toBe(StopRequest.hurry);
  control.requestStop('now');
  control.requestStop('hurry');
  expect(control.stopRequest).toBe(StopRequest.now);
});

test('an exit waits no longer than it may, also where the wall clock is set back meanwhile', () => {
  const control = newControl();
  let wallMs = 1e12;
  vi.spyOn(Date, 'now').mockImplementation(() => (wallMs -= 400));
  const begin = performance.now();
  expect(control.waitUntilClosed(30)).toBe(false);
  expect(performance.now() - begin).toBeLessThan(300);
});
