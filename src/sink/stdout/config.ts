import { formatOfKeys } from '../../core/record-formats.ts';
import type { View } from '../../core/record-formats.ts';
import type { SettingGroup, ValuesOf } from '../../core/setting.ts';
import { ocsfVersionSetting } from '../framing/format-settings.ts';

export const stdoutSinkSchema = {
  format: {
    format: 'choice',
    default: 'line',
    choices: ['line', 'json', 'ecs', 'ocsf'],
    doc: 'line: one line for people an event, a live view on a terminal. json: one JSON object a line. ecs, ocsf: likewise, by these schemas.',
  },
  ocsf_version: ocsfVersionSetting,
} as const satisfies SettingGroup;

export interface StdoutSinkConfig {
  readonly format: 'line' | View;
}

export function compileStdoutSink({ format, ocsf_version: version }: ValuesOf<typeof stdoutSinkSchema>): StdoutSinkConfig {
  return { format: formatOfKeys(format, version) };
}
