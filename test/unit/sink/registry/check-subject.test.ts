import { expect, it } from 'vitest';
import { checkSubject, subjectFault } from '../../../../src/sink/registry/check-subject.ts';
import { RegistryClient } from '../../../../src/sink/registry/client.ts';
import { RegistryStub } from '../../../helpers/registry-stub.ts';
import { OTHER, SCHEMA, registryConfig } from './records.ts';

const never = new AbortController().signal;
const subject = 'events-value';
const fullName = 'forkcast.v1.ProcessEvent';

/** What is said about SCHEMA, and with which error an agent would hold; the registry is left as it was. */
async function checked(registered: readonly string[], autoRegister: boolean) {
  const stub = await RegistryStub.start();
  for (const schema of registered) stub.add(subject, schema);
  const client = new RegistryClient(registryConfig({ url: stub.url }), () => Buffer.alloc(0));
  const report = await checkSubject(client, { subject, schema: SCHEMA }, never);
  expect(stub.versions(subject)).toHaveLength(registered.length);
  return { report, fault: subjectFault(report, { fullName, autoRegister }) };
}

it('finds a schema that is registered', async () => {
  const { report, fault } = await checked([SCHEMA], false);
  expect(report).toEqual({ subject, id: 1, isCompatible: true, reasons: [], level: 'BACKWARD' });
  expect(fault).toBeUndefined();
});

it('finds one that is not, which is an error unless the agent may register it', async () => {
  expect(await checked([], false)).toMatchObject({ report: { id: null, isCompatible: true }, fault: { code: 'SCHEMA_UNREGISTERED' } });
  expect((await checked([], true)).fault).toBeUndefined();
});

it('finds one that the registry would not take, and why', async () => {
  const { report, fault } = await checked([OTHER], true);
  expect(report).toMatchObject({ id: null, isCompatible: false, reasons: ['TYPE_MISMATCH: a'] });
  expect(fault).toMatchObject({ code: 'SCHEMA_INCOMPATIBLE', message: expect.stringMatching(/events-value; TYPE_MISMATCH: a$/) as string });
});
