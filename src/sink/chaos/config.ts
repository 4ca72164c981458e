import type { SettingGroup, ValuesOf } from '../../core/setting.ts';
import { parseDuration } from '../../core/units.ts';

const percent = (doc: string) => ({ format: 'count', default: 0, min: 0, max: 100, doc }) as const;

export const chaosSinkSchema = {
  seed: {
    format: 'count',
    default: 1,
    min: 1,
    max: 2_147_483_647,
    doc: 'What its chances follow from: the same seed makes the same trouble.',
  },
  transient: percent('Of 100 writes, how many fail in a way that passes.'),
  hold: percent('Of 100 writes, how many are refused as if a person had to do something first.'),
  partial: percent('Of 100 writes, how many fail when some of their events have arrived.'),
  permanent: percent('Of 100 events, how many are never taken.'),
  slow: percent('Of 100 writes, how many take long.'),
  delay: { format: 'duration', default: '1s', min: '0s', max: '1h', doc: 'How long a slow write takes, at most.' },
} as const satisfies SettingGroup;

export interface ChaosSinkConfig {
  readonly seed: number;
  /** Chances from 0 to 1: of a write, `permanent` of a record. */
  readonly transient: number;
  readonly hold: number;
  readonly partial: number;
  readonly permanent: number;
  readonly slow: number;
  readonly delayMs: number;
}

export function compileChaosSink(values: ValuesOf<typeof chaosSinkSchema>): ChaosSinkConfig {
  return {
    seed: values.seed,
    transient: values.transient / 100,
    hold: values.hold / 100,
    partial: values.partial / 100,
    permanent: values.permanent / 100,
    slow: values.slow / 100,
    delayMs: parseDuration(values.delay),
  };
}
