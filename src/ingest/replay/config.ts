import type { SettingGroup, ValuesOf } from '../../core/setting.ts';

export const replaySchema = {
  path: { format: 'path', default: './recording.fcrec', doc: 'The recording, as forkcast record wrote it.' },
  speed: {
    format: 'count',
    default: 1,
    min: 0,
    max: 1_000_000,
    doc: 'How many times as fast as it was recorded; 0: as fast as its events are taken.',
  },
} as const satisfies SettingGroup;

export interface ReplayConfig {
  readonly path: string;
  /** 0: no waiting at all. */
  readonly speed: number;
}

export function compileReplay({ path, speed }: ValuesOf<typeof replaySchema>): ReplayConfig {
  return { path, speed };
}
