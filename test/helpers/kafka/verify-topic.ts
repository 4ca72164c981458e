import { verifyCommand } from '../../../src/cli/verify.ts';
import type { Report } from '../../../src/verify/report.ts';
import { fakeIo } from '../../unit/cli/fake-io.ts';

/** `forkcast verify --kafka` of a topic; by default it has all records of its sink, those about the agent too. */
export async function verifyTopic(bootstrap: string, topic: string, agentTopic = topic): Promise<Report & { readonly ok: boolean }> {
  const io = fakeIo();
  await verifyCommand([], { kafka: bootstrap, topic, agentTopic, json: true }, io);
  if (io.stdout.text === '') throw new Error(`verify said: ${io.stderr.text}`);
  return JSON.parse(io.stdout.text) as Report & { ok: boolean };
}
