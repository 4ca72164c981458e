import type { SettingGroup, ValuesOf } from '../../core/setting.ts';

export const stdoutSinkSchema = {
  format: {
    format: 'choice',
    default: 'line',
    choices: ['line', 'json'],
    doc: 'line: one line for people an event, a live view on a terminal. json: one JSON object a line.',
  },
} as const satisfies SettingGroup;

export interface StdoutSinkConfig {
  readonly format: 'line' | 'json';
}

export function compileStdoutSink({ format }: ValuesOf<typeof stdoutSinkSchema>): StdoutSinkConfig {
  return { format };
}
