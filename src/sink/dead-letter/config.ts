import type { SettingGroup, ValuesOf } from '../../core/setting.ts';
import { parseSize } from '../../core/units.ts';

export const deadLetterSchema = {
  max_size: {
    format: 'size',
    default: '64MiB',
    min: '1MiB',
    max: '1TiB',
    doc: 'How much may be kept of what the sink will never take; beyond it the oldest is removed, and counted.',
  },
} as const satisfies SettingGroup;

export interface DeadLetterConfig {
  readonly maxBytes: number;
}

export function compileDeadLetter(values: ValuesOf<typeof deadLetterSchema>): DeadLetterConfig {
  return { maxBytes: parseSize(values.max_size) };
}
