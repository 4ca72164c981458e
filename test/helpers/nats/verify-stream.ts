import { verifyCommand } from '../../../src/cli/verify.ts';
import type { Report } from '../../../src/verify/report.ts';
import { fakeIo } from '../../unit/cli/fake-io.ts';

/** `forkcast verify --jetstream` of a stream at a server without passwords. */
export async function verifyStream(servers: string, stream: string): Promise<Report & { readonly ok: boolean }> {
  const io = fakeIo();
  await verifyCommand([], { jetstream: servers, stream, json: true }, io);
  if (io.stdout.text === '') throw new Error(`verify said: ${io.stderr.text}`);
  return JSON.parse(io.stdout.text) as Report & { ok: boolean };
}
