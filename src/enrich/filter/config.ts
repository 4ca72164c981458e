import { PROCESS_KINDS } from '../../core/event.ts';
import type { SettingFault, StructureSetting } from '../../core/setting.ts';
import { escapeText } from '../../core/text.ts';
import type { Conditions, FilterRule } from './rule.ts';

/** As written: `{ exclude: { exe: "/usr/bin/cron*", user: root } }`. What is a text may be a list of texts. */
export type WrittenRule = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const ACTIONS = ['include', 'exclude'] as const;
const KINDS = PROCESS_KINDS.filter((kind) => kind !== 'UNKNOWN').map((kind) => kind.toLowerCase());
const GLOBS = ['exe', 'name', 'cgroup', 'container', 'ancestor'] as const;
const KEYS: readonly string[] = ['kind', 'user', ...GLOBS];
const MAX_RULES = 256;
const MAX_TEXTS = 256;
const MAX_TEXT_LENGTH = 512;

const oneOrMore = (item: object): object => ({ anyOf: [item, { type: 'array', items: item, minItems: 1, maxItems: MAX_TEXTS }] });
const conditionsSchema = {
  type: ['object', 'null'],
  additionalProperties: false,
  properties: {
    kind: oneOrMore({ enum: KINDS }),
    user: oneOrMore({ type: ['string', 'integer'] }),
    ...Object.fromEntries(GLOBS.map((key) => [key, oneOrMore({ type: 'string', minLength: 1, maxLength: MAX_TEXT_LENGTH })])),
  },
};

export const filterSetting = {
  format: 'structure',
  default: [] as readonly WrittenRule[],
  doc: 'Which events are published: the first rule that holds decides; without rules all are.',
  check: checkRules,
  schema: {
    type: 'array',
    maxItems: MAX_RULES,
    items: {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      maxProperties: 1,
      properties: { include: conditionsSchema, exclude: conditionsSchema },
    },
  },
} as const satisfies StructureSetting;

function checkRules(value: unknown): SettingFault[] {
  if (!Array.isArray(value)) return [{ value, reason: 'must be a list of rules', fix: 'write it as [{exclude: {exe: /usr/bin/cron}}]' }];
  if (value.length > MAX_RULES)
    return [{ value: null, reason: `has ${value.length} rules, ${MAX_RULES} are allowed`, fix: 'put more into one rule' }];
  return value.flatMap((rule: unknown, index) => inside(index, checkRule(rule)));
}

function checkRule(rule: unknown): SettingFault[] {
  if (!isMap(rule)) return [{ value: rule, reason: 'must be a rule', fix: 'write include: or exclude: and conditions below it' }];
  const actions = Object.keys(rule);
  const [action] = actions;
  if (actions.length !== 1 || !isAction(action))
    return [{ value: rule, reason: 'must be include or exclude, and only one of them', fix: 'write one rule a line of the list' }];
  const when = rule[action];
  // Without a condition it holds for all.
  if (when === null) return [];
  if (!isMap(when))
    return inside(action, [{ value: when, reason: 'must be a map of conditions', fix: `write them below it: ${KEYS.join(', ')}` }]);
  return inside(
    action,
    Object.entries(when).flatMap(([key, value]) => inside(key, checkCondition(key, value))),
  );
}

function checkCondition(key: string, value: unknown): SettingFault[] {
  if (!KEYS.includes(key)) return [{ value: null, reason: 'is an unknown condition', fix: `remove it; known here: ${KEYS.join(', ')}` }];
  if (!Array.isArray(value)) return checkItem(key, value);
  if (value.length === 0) return [{ value, reason: 'must not be an empty list', fix: 'name at least one, or remove the condition' }];
  if (value.length > MAX_TEXTS) return [{ value: null, reason: `has more than ${MAX_TEXTS} entries`, fix: 'use a pattern with *' }];
  return value.flatMap((item: unknown, index) => inside(index, checkItem(key, item)));
}

function checkItem(key: string, value: unknown): SettingFault[] {
  if (key === 'kind')
    return typeof value === 'string' && KINDS.includes(value)
      ? []
      : [{ value, reason: `must be one of ${KINDS.join(', ')}`, fix: 'write one of these words' }];
  if (key === 'user' && typeof value === 'number')
    return Number.isInteger(value) && value >= 0 && value < 2 ** 32
      ? []
      : [{ value, reason: 'is not a user id', fix: 'write a whole number, or a name' }];
  if (typeof value !== 'string' || value === '')
    return [{ value, reason: 'must be text', fix: 'write a text, or a list of texts in brackets' }];
  if (value.length > MAX_TEXT_LENGTH)
    return [{ value, reason: `is longer than ${MAX_TEXT_LENGTH} characters`, fix: 'use a pattern with *' }];
  return escapeText(value) === value ? [] : [{ value, reason: 'must not contain control characters', fix: 'use ? for one character' }];
}

function inside(key: string | number, faults: readonly SettingFault[]): SettingFault[] {
  return faults.map((fault) => ({ ...fault, within: [key, ...(fault.within ?? [])] }));
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isAction(text: string | undefined): text is (typeof ACTIONS)[number] {
  return (ACTIONS as readonly (string | undefined)[]).includes(text);
}

/** Rules that are valid, compiled. */
export function compileFilter(written: readonly WrittenRule[]): FilterRule[] {
  return written.map((rule) => {
    const action = Object.hasOwn(rule, 'include') ? 'include' : 'exclude';
    return { action, when: compileConditions(rule[action] ?? {}) };
  });
}

function compileConditions(when: Readonly<Record<string, unknown>>): Conditions {
  const lists = Object.entries(when).map(([key, value]): [string, unknown[]] => [key, Array.isArray(value) ? value : [value]]);
  return Object.fromEntries(lists.map(([key, list]) => [key, list.map((item) => compiled(key, item))]));
}

/** A user that is written as a number, quoted or not, is an id. */
function compiled(key: string, item: unknown): unknown {
  if (key === 'kind') return String(item).toUpperCase();
  return key === 'user' && typeof item === 'string' && /^\d{1,10}$/.test(item) ? Number(item) : item;
}
