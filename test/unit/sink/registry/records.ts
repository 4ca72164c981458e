import type { RegistryConfig } from '../../../../src/sink/registry/config.ts';
import { compileRegistry, registrySchema } from '../../../../src/sink/registry/config.ts';
import { checkGroup } from '../../../../src/config/check-group.ts';
import type { RegistryValues } from '../../../../src/sink/registry/config.ts';

/** Small schemas that stand for the real ones. */
export const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'ProcessEvent',
  namespace: 'forkcast.v1',
  fields: [{ name: 'a', type: 'int' }],
});
/** The same record with another type for a field. */
export const OTHER = SCHEMA.replace('"int"', '"string"');

export const wanted = (topic = 'events', text = SCHEMA) =>
  ({ topic, stream: 'process', fullName: 'forkcast.v1.ProcessEvent', text }) as const;

/** A section `registry` as its sink takes it; what is wrong with it is thrown. */
export function registryConfig(written: Readonly<Record<string, unknown>>): RegistryConfig {
  const { values, findings } = checkGroup(registrySchema, written, []);
  if (findings.length > 0) throw new Error(JSON.stringify(findings));
  return compileRegistry(values as unknown as RegistryValues);
}
