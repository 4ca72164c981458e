import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { reportError } from '../../../src/cli/report-error.ts';
import { AgentError } from '../../../src/core/errors.ts';
import { fakeIo } from './fake-io.ts';

it.each(['EPIPE', 'ENOSPC'])('the exit code stays that of the error when stderr fails with %s', async (code) => {
  const failure = Object.assign(new Error(code), { code });
  const stderr = new Writable({ write: (_chunk, _encoding, done) => done(failure) });
  stderr.on('error', () => undefined);
  expect(await reportError(new AgentError('DATA_DIR_LOCKED', 'in use'), { ...fakeIo(), stderr })).toBe(69);
});
