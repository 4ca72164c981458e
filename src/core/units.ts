import { AgentError } from './errors.ts';

/**
 * The grammar of sizes and durations, as people write them in the configuration and on the command line.
 * size: one number and one unit, "64MiB", "1.5GiB". KiB, MiB, GiB, TiB are powers of 1024; KB, MB, GB, TB of 1000.
 * duration: numbers and units from the largest to the smallest, "10s", "1h30m", "1.5s"; units d, h, m, s, ms.
 * No spaces, no bare numbers: the unit decides too much to be guessed.
 */
const SIZE_UNITS = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  TB: 1000 ** 4,
} as const;
const DURATION_UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** The two grammars as regular expressions, for the JSON Schema; the parsers below also check range and order. */
export const SIZE_PATTERN = '^\\d+(\\.\\d+)?(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)$';
export const DURATION_PATTERN = '^(\\d+(\\.\\d+)?(d|h|ms|m|s))+$';

const SIZE = new RegExp(SIZE_PATTERN);
const DURATION = new RegExp(DURATION_PATTERN);
/** Decimal digits beyond this cannot name a whole byte or millisecond, and would only make numbers lose precision. */
const LONGEST = 40;

function refuse(reason: string, fix: string): never {
  throw new AgentError('CONFIG_INVALID', reason, { fix });
}

/** Bytes of a size such as "64MiB". Throws CONFIG_INVALID with reason and fix. */
export function parseSize(value: unknown): number {
  if (typeof value === 'number')
    refuse('needs a unit', `write ${bareNumber(value)}B, or a larger unit: KiB, MiB, GiB, TiB, KB, MB, GB, TB`);
  if (typeof value !== 'string') refuse('must be a size', 'write a number with a unit, such as 64MiB');
  if (value.length > LONGEST || !SIZE.test(value)) refuse(...explainSize(value));
  const digits = Number.parseFloat(value);
  const unit = value.replace(/^[\d.]+/, '') as keyof typeof SIZE_UNITS;
  return whole(digits * SIZE_UNITS[unit], 'bytes');
}

/** Milliseconds of a duration such as "10s" or "1h30m". Throws CONFIG_INVALID with reason and fix. */
export function parseDuration(value: unknown): number {
  if (typeof value === 'number') refuse('needs a unit', `write ${bareNumber(value)}s for seconds, or use ms, m, h, d`);
  if (typeof value !== 'string') refuse('must be a duration', 'write a number with a unit, such as 10s');
  if (value.length > LONGEST || !DURATION.test(value)) refuse(...explainDuration(value));
  let total = 0;
  let previous = Infinity;
  for (const [, digits, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g)) {
    const unitMs = DURATION_UNITS[unit as keyof typeof DURATION_UNITS];
    if (unitMs >= previous) refuse('must have its units from the largest to the smallest, each once', 'write it as in 1h30m or 1m30s');
    previous = unitMs;
    total += Number(digits) * unitMs;
  }
  return whole(total, 'milliseconds');
}

function bareNumber(value: number): string {
  return Number.isFinite(value) && value >= 0 ? String(value) : '10';
}

function whole(amount: number, unit: 'bytes' | 'milliseconds'): number {
  // 1.1GB is not exact in binary floating point; what is meant is the nearest whole number.
  const nearest = Math.round(amount);
  if (Math.abs(nearest - amount) > 1e-3) refuse(`must be a whole number of ${unit}`, 'use a smaller unit');
  if (!Number.isSafeInteger(nearest)) refuse('is too large', 'write a smaller value');
  return nearest;
}

type Explanation = [reason: string, fix: string];

/** Units people write instead of ours, lower case. */
const SIZE_ALIASES: Record<string, string> = {
  b: 'B',
  byte: 'B',
  bytes: 'B',
  k: 'KiB',
  ki: 'KiB',
  kib: 'KiB',
  kb: 'KB',
  m: 'MiB',
  mi: 'MiB',
  mib: 'MiB',
  mb: 'MB',
  g: 'GiB',
  gi: 'GiB',
  gib: 'GiB',
  gb: 'GB',
  t: 'TiB',
  ti: 'TiB',
  tib: 'TiB',
  tb: 'TB',
};
const DURATION_ALIASES: Record<string, string> = {
  msec: 'ms',
  msecs: 'ms',
  millis: 'ms',
  millisecond: 'ms',
  milliseconds: 'ms',
  ms: 'ms',
  s: 's',
  sec: 's',
  secs: 's',
  second: 's',
  seconds: 's',
  m: 'm',
  min: 'm',
  mins: 'm',
  minute: 'm',
  minutes: 'm',
  h: 'h',
  hr: 'h',
  hrs: 'h',
  hour: 'h',
  hours: 'h',
  d: 'd',
  day: 'd',
  days: 'd',
};

function explainSize(value: string): Explanation {
  const explained = explain(value, SIZE_ALIASES, 'size');
  return (
    explained ?? [
      'is not a size',
      'write one number and one unit without a space, such as 64MiB; units: B, KiB, MiB, GiB, TiB, KB, MB, GB, TB',
    ]
  );
}

function explainDuration(value: string): Explanation {
  const explained = explain(value, DURATION_ALIASES, 'duration');
  return explained ?? ['is not a duration', 'write numbers with units without spaces, such as 10s or 1h30m; units: ms, s, m, h, d'];
}

function explain(value: string, aliases: Record<string, string>, noun: 'size' | 'duration'): Explanation | undefined {
  if (value.length > LONGEST) return undefined;
  const [, sign = '', digits, word = ''] = /^([+-]?)(\d+(?:\.\d+)?) *([A-Za-z]*)$/.exec(value.trim()) ?? [];
  if (digits === undefined) return undefined;
  if (sign === '-') return ['must not be negative', `write a ${noun} of zero or more`];
  if (word === '')
    return [
      'needs a unit',
      noun === 'size'
        ? `write ${digits}MiB, or another unit: B, KiB, GiB, TiB, KB, MB, GB, TB`
        : `write ${digits}s, or another unit: ms, m, h, d`,
    ];
  const unit = Object.hasOwn(aliases, word.toLowerCase()) ? aliases[word.toLowerCase()] : undefined;
  return unit === undefined ? undefined : [`is not a ${noun}`, `write ${digits}${unit}`];
}

/** The shortest exact way to write it: 65536 → "64KiB". */
export function formatSize(bytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB'] as const) {
    if (bytes >= SIZE_UNITS[unit] && bytes % SIZE_UNITS[unit] === 0) return `${bytes / SIZE_UNITS[unit]}${unit}`;
  }
  return `${bytes}B`;
}

/** Rounded, for people: 123456789 → "118 MiB". */
export function roundSize(bytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB'] as const) {
    const amount = bytes / SIZE_UNITS[unit];
    if (amount >= 1) return `${amount >= 100 ? Math.round(amount) : Math.round(amount * 10) / 10} ${unit}`;
  }
  return `${bytes} B`;
}

/** Exact: 5400000 → "1h30m". */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [unit, size] of Object.entries(DURATION_UNITS)) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text === '' ? '0s' : text;
}
