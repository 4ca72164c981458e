/**
 * How one key of the configuration is declared. Components declare their own keys with these; `config` checks values against them,
 * and prints defaults, JSON Schema and documentation from them. `default` is as a user would write it; every key has one.
 * Each is also a valid convict property (`doc`, `format`, `default`).
 */
interface Declared {
  readonly doc: string;
}

/** true or false. */
export interface FlagSetting extends Declared {
  readonly format: 'flag';
  readonly default: boolean;
}
/** Whole number in [min, max]. */
export interface CountSetting extends Declared {
  readonly format: 'count';
  readonly default: number;
  readonly min: number;
  readonly max: number;
}
/** Size with unit in [min, max], `parseSize`. */
export interface SizeSetting extends Declared {
  readonly format: 'size';
  readonly default: string;
  readonly min: string;
  readonly max: string;
}
/** Duration with unit in [min, max], `parseDuration`. */
export interface DurationSetting extends Declared {
  readonly format: 'duration';
  readonly default: string;
  readonly min: string;
  readonly max: string;
}
/** One of the words. */
export interface ChoiceSetting extends Declared {
  readonly format: 'choice';
  readonly default: string;
  readonly choices: readonly string[];
}
/** At least one of the words, each at most once. */
export interface ChoicesSetting extends Declared {
  readonly format: 'choices';
  readonly default: readonly string[];
  readonly choices: readonly string[];
}
/** Path of a file or folder, relative to the working directory; not empty, no NUL. */
export interface PathSetting extends Declared {
  readonly format: 'path';
  readonly default: string;
}
/** One of the words, or the absolute path of a file. */
export interface ChoiceOrPathSetting extends Declared {
  readonly format: 'choice_or_path';
  readonly default: string;
  readonly choices: readonly string[];
}
/** Any number of names of environment variables, each at most once. */
export interface VariablesSetting extends Declared {
  readonly format: 'variables';
  readonly default: readonly string[];
}
/** Map of names to short texts. */
export interface LabelsSetting extends Declared {
  readonly format: 'labels';
  readonly default: Readonly<Record<string, string>>;
}

export type Setting =
  | FlagSetting
  | CountSetting
  | SizeSetting
  | DurationSetting
  | ChoiceSetting
  | ChoicesSetting
  | PathSetting
  | ChoiceOrPathSetting
  | VariablesSetting
  | LabelsSetting;

/** A section: keys to settings, or to further sections. */
export interface SettingGroup {
  readonly [key: string]: Setting | SettingGroup;
}

/** The values of a group as written, every key present: sizes and durations still text. */
export type ValuesOf<G> = {
  readonly [K in keyof G]: G[K] extends ChoiceSetting
    ? G[K]['choices'][number]
    : G[K] extends ChoicesSetting
      ? readonly G[K]['choices'][number][]
      : G[K] extends FlagSetting
        ? boolean
        : G[K] extends CountSetting
          ? number
          : G[K] extends LabelsSetting
            ? Readonly<Record<string, string>>
            : G[K] extends VariablesSetting
              ? readonly string[]
              : G[K] extends Setting
                ? string
                : ValuesOf<G[K]>;
};

export function isSetting(node: Setting | SettingGroup): node is Setting {
  return typeof node['format'] === 'string';
}
