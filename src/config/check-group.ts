import convict from 'convict';
import { isSetting } from '../core/setting.ts';
import type { Setting, SettingFault, SettingGroup, SwitchSetting } from '../core/setting.ts';
import { checkSetting } from './check-setting.ts';
import type { Written } from './document.ts';
import type { Finding } from './issue.ts';
import { nearest } from './nearest.ts';
import { isMap } from './override.ts';
import type { ConfigPath } from './path.ts';

/**
 * convict merges the defaults and runs the checks. Around it, because it would otherwise guess or lose something:
 * - unknown keys and misshapen sections are reported and left out first: it throws on keys with dots, and folds all errors into one text;
 * - every value goes in as a list of one: a bare text is coerced to the type of the default ("no" → true), a bare map is flattened by its dots;
 * - no environment and no command line: both have a syntax of their own here.
 */
type Boxed = readonly [value: unknown];
interface Property {
  readonly doc: string;
  readonly default: Boxed;
  readonly format: (value: Boxed) => void;
}

/** What was found, and the values with defaults in place of what was not written: whole when nothing was found. */
export interface CheckedGroup {
  readonly values: Record<string, unknown>;
  readonly findings: readonly Finding[];
}

interface Walk {
  readonly path: ConfigPath;
  readonly findings: Finding[];
}

export function checkGroup(group: SettingGroup, written: Written, path: ConfigPath): CheckedGroup {
  const findings: Finding[] = [];
  const known = keepKnown(group, written, { path, findings });
  const schema = propertiesOf(group, { path, findings }) as convict.Schema<Record<string, unknown>>;
  const config = convict(schema, { env: {}, args: [] });
  config.load(known);
  try {
    config.validate({ allowed: 'strict' });
  } catch (error) {
    // Its text repeats what the checks have already put into the list; anything else is a mistake of ours.
    if (findings.length === 0) throw error;
  }
  return { values: unboxed(group, config.getProperties()), findings };
}

function keepKnown(group: SettingGroup, written: Written, { path, findings }: Walk): Written {
  const known: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(written)) {
    const node = Object.hasOwn(group, key) ? group[key] : undefined;
    const here = [...path, key];
    if (node === undefined) findings.push(unknownKey(here, Object.keys(group)));
    else if (isSetting(node)) known[key] = [value];
    else if (isMap(value)) known[key] = keepKnown(node, value, { path: here, findings });
    // A section whose lines are all commented out is an empty section.
    else if (value !== null) findings.push(misshapen(here, value, node));
  }
  return known;
}

export function unknownKey(path: ConfigPath, known: readonly string[]): Finding {
  const meant = nearest(String(path.at(-1)), known);
  const fix = meant === undefined ? `remove it; known here: ${known.join(', ')}` : `did you mean ${meant}?`;
  return { path, value: null, reason: 'is an unknown key', fix, ofKey: true };
}

function misshapen(path: ConfigPath, value: unknown, group: SettingGroup): Finding {
  return { path, value, reason: 'must be a map of keys', fix: `write its keys below it: ${Object.keys(group).join(', ')}` };
}

function propertiesOf(group: SettingGroup, { path, findings }: Walk): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(group).map(([key, node]) => {
      const walk = { path: [...path, key], findings };
      return [key, isSetting(node) ? propertyOf(node, walk) : propertiesOf(node, walk)];
    }),
  );
}

function propertyOf(setting: Setting, { path, findings }: Walk): Property {
  const format = ([value]: Boxed): void => {
    const found = isOn(setting, value)
      ? checkGroup(setting.group, value as Written, path).findings
      : located(checkSetting(setting, value), path);
    findings.push(...found);
    if (found.length > 0) throw new Error('refused');
  };
  return { doc: setting.doc, default: [setting.default], format };
}

function located(faults: readonly SettingFault[], path: ConfigPath): Finding[] {
  return faults.map(({ within = [], ...fault }) => ({ ...fault, path: [...path, ...within] }));
}

/** A switch whose section is written: what is in it is checked, and completed by its defaults, like any section. */
function isOn(setting: Setting, value: unknown): setting is SwitchSetting {
  return setting.format === 'switch' && isMap(value);
}

function unboxed(group: SettingGroup, values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(group).map(([key, node]) => {
      if (!isSetting(node)) return [key, unboxed(node, values[key] as Record<string, unknown>)];
      const [value] = values[key] as Boxed;
      return [key, isOn(node, value) ? checkGroup(node.group, value as Written, []).values : value];
    }),
  );
}
