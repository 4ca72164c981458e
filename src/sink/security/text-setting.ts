import type { SettingFault, StructureSetting } from '../../core/setting.ts';
import { escapeText } from '../../core/text.ts';

const MAX_LENGTH = 256;

interface TextRules {
  readonly doc: string;
  /** A character that it cannot have. */
  readonly without?: string;
}

/** A short text; empty where there is none. */
export function textSetting({ doc, without }: TextRules): StructureSetting<string> {
  return {
    format: 'structure',
    default: '',
    doc,
    check: (value) => checkText(value, without),
    schema: { type: 'string', maxLength: MAX_LENGTH },
  };
}

function checkText(value: unknown, without: string | undefined): SettingFault[] {
  if (typeof value !== 'string') return [{ value, reason: 'must be text', fix: 'put it in quotes' }];
  if (value.length > MAX_LENGTH) return [{ value, reason: `is longer than ${MAX_LENGTH} characters`, fix: 'shorten it' }];
  if (escapeText(value) !== value) return [{ value, reason: 'must not contain control characters', fix: 'use printable characters' }];
  return without !== undefined && value.includes(without)
    ? [{ value, reason: `must not contain ${without}`, fix: `write it without ${without}` }]
    : [];
}
