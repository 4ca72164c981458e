import type { SettingGroup, ValuesOf } from '../../core/setting.ts';
import { parseDuration } from '../../core/units.ts';

/** The keys of `enrich.throttle` where it is not `off`. */
export const throttleSchema = {
  by: {
    format: 'choice',
    default: 'cgroup',
    choices: ['cgroup', 'exe'],
    doc: 'What events are counted by: the control group of their process, or its executable.',
  },
  rate: { format: 'count', default: 500, min: 1, max: 1_000_000, doc: 'How many events a second each of them may have in the long run.' },
  burst: { format: 'count', default: 2000, min: 1, max: 1_000_000, doc: 'How many events may come at once after a quiet time.' },
  report_every: {
    format: 'duration',
    default: '10s',
    min: '1s',
    max: '1h',
    doc: 'How long after the first that was left out its number is told.',
  },
} as const satisfies SettingGroup;

export interface ThrottleConfig {
  readonly by: 'cgroup' | 'exe';
  /** Events a second. */
  readonly rate: number;
  readonly burst: number;
  readonly reportEveryMs: number;
}

/** Values that are valid by the schema, compiled. null: off */
export function compileThrottle(values: 'off' | ValuesOf<typeof throttleSchema>): ThrottleConfig | null {
  if (values === 'off') return null;
  return { by: values.by, rate: values.rate, burst: values.burst, reportEveryMs: parseDuration(values.report_every) };
}
