import { AgentError } from '../../core/errors.ts';
import { parseSecretReference } from '../../core/secret-reference.ts';
import type { SecretReference } from '../../core/secret-reference.ts';
import type { SettingFault, SettingGroup, StructureSetting, ValuesOf } from '../../core/setting.ts';
import { MAX_PATTERNS, MAX_PATTERN_LENGTH, compilePattern } from './patterns.ts';

const patternsSetting = {
  format: 'structure',
  default: [] as readonly string[],
  doc: 'What is a secret besides, as regular expressions in RE2 syntax: of a match the group named secret, or all of it.',
  check: checkPatterns,
  schema: { type: 'array', maxItems: MAX_PATTERNS, items: { type: 'string', minLength: 1, maxLength: MAX_PATTERN_LENGTH } },
} as const satisfies StructureSetting;

/** The keys of `enrich.redact`. */
export const redactSchema = {
  defaults: {
    format: 'flag',
    default: true,
    doc: 'Mask what is known to be a secret: passwords and tokens by their names, addresses with credentials, keys by their looks.',
  },
  patterns: patternsSetting,
  hmac_key: {
    format: 'secret',
    default: 'none',
    doc: 'Key of an HMAC of the arguments that were masked, by which equal command lines can be found: env:NAME, file:PATH or credential:NAME.',
  },
} as const satisfies SettingGroup;

export interface RedactSettings {
  readonly defaults: boolean;
  readonly patterns: readonly string[];
  /** null: no HMAC. */
  readonly hmacKey: SecretReference | null;
}

/** Values that are valid by the schema, compiled. */
export function compileRedact(values: ValuesOf<typeof redactSchema>): RedactSettings {
  return { defaults: values.defaults, patterns: [...values.patterns], hmacKey: parseSecretReference(values.hmac_key) };
}

function checkPatterns(value: unknown): SettingFault[] {
  if (!Array.isArray(value))
    return [{ value, reason: 'must be a list', fix: "write it in brackets, each in quotes: ['acme-[0-9a-f]{32}']" }];
  if (value.length > MAX_PATTERNS)
    return [{ value: null, reason: `has ${value.length} patterns, ${MAX_PATTERNS} are allowed`, fix: 'join some with |' }];
  return value.flatMap((pattern: unknown, index) => checkPattern(pattern, index));
}

function checkPattern(value: unknown, index: number): SettingFault[] {
  if (typeof value !== 'string') return [{ within: [index], value, reason: 'must be text', fix: 'put it in single quotes' }];
  try {
    compilePattern(value);
    return [];
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== 'CONFIG_INVALID') throw error;
    return [{ within: [index], value, reason: error.message, fix: error.fix ?? 'correct it' }];
  }
}
