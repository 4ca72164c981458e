import type { SettingFault, StructureSetting } from '../../core/setting.ts';

const MAX_WORDS = 64;
const MAX_LENGTH = 4096;

/** Program and arguments; none where the list is empty. */
export const commandSetting: StructureSetting<readonly string[]> = {
  format: 'structure',
  default: [],
  doc: 'Program and arguments, run without a shell whenever a token is needed: it prints one. For AWS MSK IAM and its like; no secrets here, anybody sees arguments.',
  check: checkCommand,
  schema: { type: 'array', maxItems: MAX_WORDS, items: { type: 'string', maxLength: MAX_LENGTH } },
};

function checkCommand(value: unknown): SettingFault[] {
  if (!Array.isArray(value))
    return [{ value, reason: 'must be a list of program and arguments', fix: 'write each word by itself: [PROGRAM, ARGUMENT]' }];
  if (value.length > MAX_WORDS) return [{ value: null, reason: `must have ${MAX_WORDS} words at most`, fix: 'put it into a script' }];
  return value.flatMap((word: unknown, index) => {
    const found = wordFault(word, index);
    return found === undefined ? [] : [{ within: [index], value: word, ...found }];
  });
}

function wordFault(word: unknown, index: number): Pick<SettingFault, 'reason' | 'fix'> | undefined {
  if (typeof word !== 'string') return { reason: 'must be text', fix: 'put it in quotes' };
  if (word.length > MAX_LENGTH || word.includes('\0'))
    return { reason: `must be at most ${MAX_LENGTH} characters, none of them NUL`, fix: 'shorten it, or put it into a script' };
  return index === 0 && word.trim() === '' ? { reason: 'must name a program', fix: 'write its name or path' } : undefined;
}
