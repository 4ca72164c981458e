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

/** Where a secret is, `parseSecretReference`, or `none`; never the secret itself, so that a configuration can be shown. */
export interface SecretSetting extends Declared {
  readonly format: 'secret';
  readonly default: 'none';
}
/** `off`, or a section: with it what it is about is on. */
export interface SwitchSetting extends Declared {
  readonly format: 'switch';
  readonly default: 'off';
  readonly group: SettingGroup;
}
/** A value of a shape of its own, which its component knows. */
export interface StructureSetting<T = unknown> extends Declared {
  readonly format: 'structure';
  readonly default: T;
  /** All that is wrong with a value as written; empty when it can be used as a T. */
  readonly check: (value: unknown) => readonly SettingFault[];
  /** JSON Schema of the shape; it accepts all that `check` accepts. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** What is wrong with a value, or with the part of it at `within`. */
export interface SettingFault {
  readonly within?: readonly (string | number)[];
  readonly value: unknown;
  /** As the rest of a sentence that begins with the path: "must be text". */
  readonly reason: string;
  /** What to write instead, as an instruction. */
  readonly fix: string;
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
  | LabelsSetting
  | SecretSetting
  | SwitchSetting
  | StructureSetting;

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
              : G[K] extends SwitchSetting
                ? 'off' | ValuesOf<G[K]['group']>
                : G[K] extends StructureSetting
                  ? G[K]['default']
                  : G[K] extends Setting
                    ? string
                    : ValuesOf<G[K]>;
};

export function isSetting(node: Setting | SettingGroup): node is Setting {
  return typeof node['format'] === 'string';
}
