import { AGENT_KINDS } from '../../core/agent-event.ts';
import { PROCESS_KINDS } from '../../core/event.ts';
import { fitColumns } from './display-width.ts';

/**
 * What a live view writes at once. The last line on the screen is the status; it has no line end, and the cursor rests at its beginning, so that
 * whatever somebody else prints overwrites it, and the next frame begins by erasing it:
 *
 *     hide cursor | return, erase line | line \n … | "… n more" \n | status, return | show cursor
 *
 * The cursor is hidden only within a frame: a process that is killed leaves the terminal as it should be.
 */
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const ERASE = '\r\u001b[2K';
const DIM = '\u001b[2m';
const RESET = '\u001b[0m';

export interface Frame {
  /** Without line ends. */
  readonly lines: readonly string[];
  /** Events left out, by kind. */
  readonly omitted: ReadonlyMap<string, number>;
  readonly status: string;
  readonly columns: number;
  readonly colour: boolean;
}

export function renderFrame({ lines, omitted, status, columns, colour }: Frame): string {
  const dim = (text: string): string => (colour ? `${DIM}${text}${RESET}` : text);
  let text = HIDE_CURSOR + ERASE;
  for (const line of lines) text += `${fitColumns(line, columns)}\n`;
  if (omitted.size > 0) text += `${dim(fitColumns(omissionText(omitted), columns))}\n`;
  // A character in the last column would make some terminals begin the next line.
  if (status !== '') text += `${dim(fitColumns(status, columns - 1))}\r`;
  return text + SHOW_CURSOR;
}

/** The last frame: the status gives way to an empty line, for whoever writes next. */
export function renderEnd(frame: Omit<Frame, 'status'>): string {
  return `${renderFrame({ ...frame, status: '' })}\n`;
}

const number = new Intl.NumberFormat('en-GB');
const ORDER: readonly string[] = [...PROCESS_KINDS, ...AGENT_KINDS];

/** "… 3,912 more (fork 1,900, exit 2,012)" */
function omissionText(omitted: ReadonlyMap<string, number>): string {
  let total = 0;
  for (const count of omitted.values()) total += count;
  const kinds = [...omitted].toSorted(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b));
  return `… ${number.format(total)} more (${kinds.map(([kind, count]) => `${kind.toLowerCase()} ${number.format(count)}`).join(', ')})`;
}
