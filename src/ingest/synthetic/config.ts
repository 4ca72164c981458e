import type { SettingGroup, ValuesOf } from '../../core/setting.ts';

export const syntheticSchema = {
  seed: { format: 'count', default: 1, min: 0, max: 4294967295, doc: 'Which stream: the same number gives the same events.' },
  rate: { format: 'count', default: 1000, min: 0, max: 10_000_000, doc: 'Events a second; 0: as fast as they are taken.' },
  events: { format: 'count', default: 0, min: 0, max: 1_000_000_000_000, doc: 'How many events until the stream ends; 0: without end.' },
  lost_per_million: {
    format: 'count',
    default: 0,
    min: 0,
    max: 500_000,
    doc: 'About how many of a million events are lost, some at a time, as when a receive buffer is full.',
  },
} as const satisfies SettingGroup;

export interface SyntheticConfig {
  readonly seed: number;
  readonly eventsPerSecond: number;
  readonly events: number;
  readonly lostPerMillion: number;
}

export function compileSynthetic(values: ValuesOf<typeof syntheticSchema>): SyntheticConfig {
  return { seed: values.seed, eventsPerSecond: values.rate, events: values.events, lostPerMillion: values.lost_per_million };
}
