import { createJsonEncoder } from '../../encode/text/json.ts';
import { createLineEncoder } from '../../encode/text/line.ts';
import { newestReader } from '../../encode/avro/record-reader.ts';
import { isJson, isNewestAvro, isText } from '../../encode/record-format.ts';
import type { AnyEvent } from '../../core/any-event.ts';
import { escapeText } from '../../core/text.ts';
import { letterId } from '../../sink/dead-letter/line.ts';
import type { DeadLetter } from '../../sink/dead-letter/line.ts';
import type { CliIo } from '../io.ts';
import { print } from '../print.ts';
import { ResultWriter } from '../result-writer.ts';
import { styleFor } from '../style.ts';
import { isChosen, lettersOf, sinksWithLetters, tellDamage } from './letters.ts';
import type { LetterChoice } from './letters.ts';

export interface DlqShowOptions extends LetterChoice {
  readonly json?: true;
}

/** `forkcast dlq show`: each with its reason and its event. Resolves to 1 where lines cannot be read, or ids name none. */
export async function dlqShow(dataDir: string, options: DlqShowOptions, io: CliIo): Promise<number> {
  const results = new ResultWriter(io.stdout);
  const text = options.json === true ? jsonText : humanText;
  let damaged = 0;
  const asked = new Set(options.ids);
  try {
    for (const sink of await sinksWithLetters(dataDir, options)) {
      for await (const file of lettersOf(dataDir, sink)) {
        if (results.abandoned) return 0;
        for (const line of file.lines)
          if ('letter' in line && isChosen(options, line.letter)) {
            asked.delete(letterId(line.letter));
            await results.add(Buffer.from(text(line.letter)));
          }
        await results.flush();
        damaged += await tellDamage(file, io);
      }
    }
    await results.flush();
    await tellAbsent(asked, io);
    return damaged + asked.size > 0 ? 1 : 0;
  } finally {
    results.release();
  }
}

async function tellAbsent(ids: ReadonlySet<string>, io: CliIo): Promise<void> {
  const head = styleFor(io.stderr, io.env).yellow('warning');
  for (const id of ids) await print(io.stderr, `${head}: there is no such dead letter: ${escapeText(id)}\n`);
}

/** One line of JSON; `event` is null, and `bytes` is there, where the record cannot be read by this version. */
function jsonText(letter: DeadLetter): string {
  const { time, sink, sinkId, code, reason, agentId, sequence, stream, kind, format, bytes } = letter;
  const event = eventJson(letter);
  const head = { time, sink, sink_id: sinkId, code, reason, id: letterId(letter), agent_id: agentId, sequence, stream, kind, format };
  const rest = event === undefined ? { ...head, event: null, bytes: Buffer.from(bytes).toString('base64') } : head;
  // Controls and bidirectional characters are escaped in the event already; a reason may quote anything.
  const text = JSON.stringify(rest).replaceAll(/[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, escapeUnit);
  return event === undefined ? `${text}\n` : `${text.slice(0, -1)},"event":${event}}\n`;
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function eventJson({ format, stream, bytes }: DeadLetter): string | undefined {
  if (isJson(format)) return validJson(Buffer.from(bytes).toString('utf8'));
  const event = eventOf({ format, stream, bytes });
  return event === undefined ? undefined : Buffer.from(createJsonEncoder().encode(event).bytes).toString('utf8').trimEnd();
}

function validJson(text: string): string | undefined {
  try {
    // As it was, with its order and its escapes, if it is JSON at all.
    JSON.parse(text);
    return text.trim();
  } catch {
    // Then its bytes are shown, which say more than an error.
    return undefined;
  }
}

function eventOf({ format, stream, bytes }: Pick<DeadLetter, 'format' | 'stream' | 'bytes'>): AnyEvent | undefined {
  if (!isNewestAvro(format, stream)) return undefined;
  try {
    return newestReader(stream).read(Buffer.from(bytes), 0)?.event;
  } catch {
    // It may be just this for which the sink did not want it.
    return undefined;
  }
}

function humanText(letter: DeadLetter): string {
  const { time, sink, code, reason, kind } = letter;
  return `${time}  ${sink}  ${code}: ${escapeText(reason)}\n  ${escapeText(kind)} ${letterId(letter)}\n  ${eventText(letter)}\n`;
}

function eventText(letter: DeadLetter): string {
  const { format, bytes } = letter;
  if (isText(format)) return escapeText(Buffer.from(bytes).toString('utf8').trimEnd());
  const event = eventOf(letter);
  if (event === undefined) return `${bytes.length} bytes that this version cannot read (${escapeText(format)})`;
  return escapeText(
    Buffer.from(createLineEncoder({ colour: false, narrow: () => false }).encode(event).bytes)
      .toString('utf8')
      .trimEnd(),
  );
}
