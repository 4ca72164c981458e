import type { SettingGroup } from '../../core/setting.ts';

/** No keys of its own: nothing about forgetting can be set. */
export const blackholeSinkSchema = {} as const satisfies SettingGroup;

export type BlackholeSinkConfig = Readonly<Record<string, never>>;

export function compileBlackholeSink(): BlackholeSinkConfig {
  return {};
}
