import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createAvroEncoder } from '../../../../src/encode/avro/binary.ts';
import { createSingleObjectEncoder } from '../../../../src/encode/avro/single-object.ts';
import { readAll } from '../files.ts';
import { fullAgentEvent, fullProcessEvent } from '../full-samples.ts';
import { asAgent, asProcess, execEvent, exitEvent, forkEvent } from '../samples.ts';

/**
 * The exact bytes of version 1 of the schemas. Consumers hold files and topics full of them: bytes that change here are bytes that nobody can read
 * any more, so a test that fails calls for another change to the code, never for other bytes.
 */
const golden = (name: string): Buffer => readFileSync(new URL(`../../../golden/${name}.bin`, import.meta.url));

const samples = {
  'process-fork': asProcess(forkEvent),
  'process-exec': asProcess(execEvent),
  'process-exit': asProcess(exitEvent),
  'process-full': asProcess(fullProcessEvent),
  'agent-full': asAgent(fullAgentEvent),
};

describe('the bytes of version 1', () => {
  it.each(Object.entries(samples))('are what is written: %s', (name, any) => {
    expect(Buffer.from(createAvroEncoder().encode(any).bytes).toString('hex')).toBe(golden(name).toString('hex'));
  });

  it('are what is framed', async () => {
    const framed = Buffer.concat(Object.values(samples).map((any) => createSingleObjectEncoder().encode(any).bytes));
    expect(framed.toString('hex')).toBe(golden('single-objects').toString('hex'));
    expect((await readAll(golden('single-objects'))).events.length).toBe(5);
  });
});
