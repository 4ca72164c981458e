import { NEWEST_OCSF, OCSF_VERSIONS } from '../../core/record-formats.ts';
import type { SettingFault } from '../../core/setting.ts';

/** What the records of a sink to a broker are. */
export const brokerFormatSetting = {
  format: 'choice',
  default: 'avro',
  choices: ['avro', 'json', 'ecs', 'ocsf'],
  doc: 'What records are: Avro; or JSON by our schema (json), by the Elastic Common Schema (ecs) or by OCSF (ocsf).',
} as const;

export const ocsfVersionSetting = {
  format: 'choice',
  default: NEWEST_OCSF,
  choices: OCSF_VERSIONS,
  doc: 'Version of the schema, with format: ocsf.',
} as const;

interface FormatValues {
  readonly format: (typeof brokerFormatSetting.choices)[number];
  readonly framing: string;
  readonly registry: unknown;
  /** What records are kept together by; absent where a sink has no such key. */
  readonly key?: string;
}

/** What only Avro has: what stands before a record names its schema, and keys are read out of its bytes. */
export function formatFaults({ format, framing, registry, key = 'host_id' }: FormatValues): SettingFault[] {
  if (format === 'avro') return [];
  const reason = `is for format avro only, and this is ${format}`;
  const fault = (name: string, fix: string): SettingFault => ({ within: [name], value: undefined, reason, fix });
  return [
    ...(framing === 'single_object' ? [] : [fault('framing', 'remove it: nothing stands before JSON')]),
    ...(registry === 'off' ? [] : [fault('registry', 'remove it: its schemas are those of Avro')]),
    ...(key === 'host_id' ? [] : [fault('key', 'write host_id, or remove it')]),
  ];
}
