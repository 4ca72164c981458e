import type { SettingFault } from '../../core/setting.ts';
import { registryFaults } from '../registry/config.ts';
import type { RegistryValues } from '../registry/config.ts';

interface FramingValues {
  readonly format: string;
  readonly framing: string;
  readonly registry: 'off' | RegistryValues;
}

/** What is wrong with the registry of a sink, where its framing needs the ids of one. */
export function framingFaults({ format, framing, registry }: FramingValues): SettingFault[] {
  if (format !== 'avro' || framing !== 'confluent') return [];
  if (registry === 'off')
    return [
      {
        within: ['registry'],
        value: null,
        reason: 'is missing: framing confluent needs the ids of a schema registry',
        fix: 'write registry: { url: http://HOST:8081 }, or another framing',
      },
    ];
  return registryFaults(registry).map(({ within = [], value, reason, fix }) => ({ within: ['registry', ...within], value, reason, fix }));
}
