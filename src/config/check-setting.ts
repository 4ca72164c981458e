import { AgentError } from '../core/errors.ts';
import { parseSecretReference } from '../core/secret-reference.ts';
import type {
  ChoiceOrPathSetting,
  ChoiceSetting,
  ChoicesSetting,
  CountSetting,
  DurationSetting,
  Setting,
  SettingFault,
  SizeSetting,
  SwitchSetting,
} from '../core/setting.ts';
import { escapeText } from '../core/text.ts';
import { parseDuration, parseSize } from '../core/units.ts';
import { valueText } from './issue.ts';
import { nearest } from './nearest.ts';
import { isMap } from './override.ts';

/** All that is wrong with a value as written; empty when it can be used. Of a switch that is on, its keys are checked elsewhere. */
export function checkSetting(setting: Setting, value: unknown): readonly SettingFault[] {
  if (value === null || value === undefined) return [noValue(setting)];
  switch (setting.format) {
    case 'flag':
      return typeof value === 'boolean' ? [] : [notFlag(value)];
    case 'count':
      return checkCount(setting, value);
    case 'size':
      return checkQuantity(setting, value, parseSize);
    case 'duration':
      return checkQuantity(setting, value, parseDuration);
    case 'choice':
      return checkChoice(setting, value);
    case 'choices':
      return checkChoices(setting, value);
    case 'path':
      return checkPath(value);
    case 'choice_or_path':
      return checkChoiceOrPath(setting, value);
    case 'variables':
      return checkVariables(value);
    case 'labels':
      return checkLabels(value);
    case 'secret':
      return checkSecret(value);
    case 'structure':
      return setting.check(value);
    case 'switch':
      return value === 'off' ? [] : [notSwitch(setting, value)];
  }
}

function noValue(setting: Setting): SettingFault {
  if (setting.format === 'choice' && setting.choices.includes('null'))
    return { value: null, reason: 'has no value', fix: 'write "null", in quotes, if that word is meant' };
  return { value: null, reason: 'has no value', fix: `write one, or remove the key for the default ${valueText(setting.default)}` };
}

function notFlag(value: unknown): SettingFault {
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  const meant = ['yes', 'on', 'y', 'true', '1'].includes(word)
    ? 'true'
    : ['no', 'off', 'n', 'false', '0'].includes(word)
      ? 'false'
      : 'true or false';
  return { value, reason: 'must be true or false', fix: `write ${meant}, without quotes` };
}

function checkCount({ min, max }: CountSetting, value: unknown): SettingFault[] {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return [];
  if (typeof value === 'string' && /^\d+$/.test(value))
    return [{ value, reason: 'must be a number, not text', fix: `write ${value}, without quotes` }];
  return [{ value, reason: `must be a whole number from ${min} to ${max}`, fix: 'write one within these bounds' }];
}

function checkQuantity(
  { format, min, max }: SizeSetting | DurationSetting,
  value: unknown,
  parse: (value: unknown) => number,
): SettingFault[] {
  try {
    const amount = parse(value);
    if (amount >= parse(min) && amount <= parse(max)) return [];
    return [{ value, reason: `must be from ${min} to ${max}`, fix: `write a ${format} within these bounds` }];
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== 'CONFIG_INVALID') throw error;
    return [{ value, reason: error.message, fix: error.fix ?? `write a ${format}` }];
  }
}

function checkChoice({ choices }: ChoiceSetting, value: unknown): SettingFault[] {
  if (typeof value === 'string' && choices.includes(value)) return [];
  return [
    {
      value,
      reason: choices.length === 1 ? `must be ${choices[0]}` : `must be one of ${choices.join(', ')}`,
      fix: wordFix(value, choices),
    },
  ];
}

function wordFix(value: unknown, choices: readonly string[]): string {
  const meant = typeof value === 'string' ? nearest(value, choices) : undefined;
  return meant === undefined ? `write ${choices.length === 1 ? choices[0] : 'one of these words'}` : `did you mean ${meant}?`;
}

function checkChoices({ choices }: ChoicesSetting, value: unknown): SettingFault[] {
  if (!Array.isArray(value)) {
    const one = typeof value === 'string' && choices.includes(value) ? value : choices.slice(0, 2).join(', ');
    return [{ value, reason: 'must be a list', fix: `write it in brackets: [${one}]` }];
  }
  if (value.length === 0) return [{ value, reason: 'must not be an empty list', fix: `name at least one of ${choices.join(', ')}` }];
  return value.flatMap((word: unknown, index): SettingFault[] => {
    if (typeof word !== 'string' || !choices.includes(word)) {
      return [{ within: [index], value: word, reason: `must be one of ${choices.join(', ')}`, fix: wordFix(word, choices) }];
    }
    return value.indexOf(word) === index
      ? []
      : [{ within: [index], value: word, reason: 'is in the list twice', fix: 'remove one of the two' }];
  });
}

function checkPath(value: unknown): SettingFault[] {
  if (typeof value !== 'string') return [{ value, reason: 'must be a path', fix: 'write it as text, in quotes if it looks like a number' }];
  if (value.trim() === '') return [{ value, reason: 'must not be empty', fix: 'write a path; . is the working directory' }];
  if (escapeText(value) !== value)
    return [{ value, reason: 'must not contain control characters', fix: 'use a path of printable characters' }];
  if (/^~(\/|$)/.test(value)) return [{ value, reason: 'must not begin with ~, which is not expanded here', fix: 'write the whole path' }];
  if (/\$[{A-Za-z_]/.test(value))
    return [
      {
        value,
        reason: 'must not contain variables, which are not expanded here',
        fix: 'write the whole path, or give it on the command line with --set',
      },
    ];
  return [];
}

/** What is written instead may be the secret itself, so it is not repeated. */
function checkSecret(value: unknown): SettingFault[] {
  try {
    parseSecretReference(value);
    return [];
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== 'CONFIG_INVALID') throw error;
    return [{ value: null, reason: error.message, fix: error.fix ?? 'write where the secret is' }];
  }
}

function notSwitch({ group }: SwitchSetting, value: unknown): SettingFault {
  // Where one of its keys is a secret, what stands in their place may be one.
  const shown = Object.values(group).some(({ format }) => format === 'secret') ? null : value;
  return {
    value: shown,
    reason: 'must be off, or a map of keys',
    fix: `write off, or its keys below it: ${Object.keys(group).join(', ')}`,
  };
}

function checkChoiceOrPath({ choices }: ChoiceOrPathSetting, value: unknown): SettingFault[] {
  if (typeof value === 'string' && choices.includes(value)) return [];
  if (typeof value === 'string' && value.startsWith('/')) return checkPath(value);
  const words = choices.join(' or ');
  // YAML 1.1 and JSON have no word off: false is what people mean by it.
  if (value === false && choices.includes('off')) return [{ value, reason: `must be ${words}, or an absolute path`, fix: 'write off' }];
  const isPath = typeof value === 'string' && /[/.]/.test(value);
  const fix = isPath ? 'write the whole path, from / on' : wordFix(value, choices);
  return [{ value, reason: `must be ${words}, or an absolute path`, fix }];
}

const MAX_VARIABLES = 32;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

function checkVariables(value: unknown): SettingFault[] {
  if (!Array.isArray(value)) return [{ value, reason: 'must be a list', fix: 'write it in brackets: [LD_PRELOAD]' }];
  if (value.length > MAX_VARIABLES)
    return [{ value, reason: `has ${value.length} names, ${MAX_VARIABLES} are allowed`, fix: 'keep those that tell something' }];
  return value.flatMap((name: unknown, index): SettingFault[] => {
    if (typeof name !== 'string' || !VARIABLE.test(name))
      return [
        { within: [index], value: name, reason: 'is not the name of a variable', fix: 'use letters, digits and _, as in LD_PRELOAD' },
      ];
    return value.indexOf(name) === index
      ? []
      : [{ within: [index], value: name, reason: 'is in the list twice', fix: 'remove one of the two' }];
  });
}

/** Labels ride on exec events, so they are kept few and short. */
const MAX_LABELS = 64;
const MAX_LABEL_LENGTH = 256;
const LABEL_NAME = /^[A-Za-z0-9][A-Za-z0-9_./-]{0,62}$/;

function checkLabels(value: unknown): SettingFault[] {
  if (!isMap(value)) return [{ value, reason: 'must be a map of names to texts', fix: 'write it as {env: prod, site: lab}' }];
  const entries = Object.entries(value);
  if (entries.length > MAX_LABELS)
    return [{ value, reason: `has ${entries.length} labels, ${MAX_LABELS} are allowed`, fix: 'keep those that tell hosts apart' }];
  return entries.flatMap(([name, text]): SettingFault[] => {
    if (!LABEL_NAME.test(name))
      return [
        {
          within: [name],
          value: text,
          reason: 'is not a label name',
          fix: 'use up to 63 letters, digits and _ . / -, beginning with a letter or digit',
        },
      ];
    if (typeof text !== 'string') return [{ within: [name], value: text, reason: 'must be text', fix: textFix(text) }];
    if (text.length > MAX_LABEL_LENGTH)
      return [{ within: [name], value: text, reason: `is longer than ${MAX_LABEL_LENGTH} characters`, fix: 'shorten it' }];
    return escapeText(text) === text
      ? []
      : [{ within: [name], value: text, reason: 'must not contain control characters', fix: 'use printable characters' }];
  });
}

function textFix(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return `put it in quotes: "${value}"`;
  return isMap(value) ? 'write a text; a name with dots goes in quotes: agent.labels."app.name"' : 'write a text';
}
