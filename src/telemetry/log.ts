import pino from 'pino';
import type { Logger } from 'pino';
import { escapeText } from '../core/text.ts';

export type { Logger } from 'pino';

/** What a log can be written to. */
export interface LogOutput {
  readonly isTTY?: boolean;
  write(text: string): boolean;
}

export interface LogOptions {
  readonly level: string;
  /** Colour, where the output is a terminal. */
  readonly colour: boolean;
}

/**
 * The log of the agent: a line of text an entry on a terminal, a line of JSON elsewhere.
 * Levels by what an operator must do: warn = nothing lost, error = something lost.
 */
export function createLog(output: LogOutput, { level, colour }: LogOptions): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const line = output.isTTY === true ? (text: string): string => humanLine(text, colour) : (text: string): string => text;
  return pino(options, { write: (text: string) => void output.write(line(text)) });
}

const COLOURS: Readonly<Record<string, string>> = { warn: '\u001b[33m', error: '\u001b[31m', fatal: '\u001b[31m' };

/** `12:03:04 warn  message  key=value …` from a line of JSON. */
export function humanLine(json: string, colour: boolean): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as { level: string; time: string; msg?: string } & Record<string, unknown>;
  const tint = colour ? COLOURS[level] : undefined;
  const name = level.padEnd(5);
  const parts = [clockTime(time), tint === undefined ? name : `${tint}${name}\u001b[0m`, escapeText(msg ?? '')];
  for (const [key, value] of Object.entries(fields))
    parts.push(`${key}=${escapeText(typeof value === 'string' ? value : JSON.stringify(value))}`);
  return `${parts.join(' ')}\n`;
}

function clockTime(iso: string): string {
  const at = new Date(iso);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':');
}
