import type { Encoder } from '../core/component.ts';
import { AgentError } from '../core/errors.ts';
import { AGENT_KINDS } from '../core/agent-event.ts';
import { PROCESS_KINDS } from '../core/event.ts';
import type { AnyEvent } from '../core/any-event.ts';
import type { RecordStream } from '../core/event.ts';
import type { Heard } from '../core/kernel-event.ts';
import { escapeText } from '../core/text.ts';
import type { Decoded } from '../encode/avro/decoded.ts';
import { createEcsEncoder } from '../encode/ecs/ecs.ts';
import { createOcsfEncoder } from '../encode/ocsf/ocsf.ts';
import type { OcsfVersion } from '../core/record-formats.ts';
import { asLines } from '../encode/text/as-lines.ts';
import type { Unmarked } from '../encode/avro/unmarked-reader.ts';
import { decode, decodeUnmarked } from '../encode/decode.ts';
import { createJsonEncoder } from '../encode/text/json.ts';
import { createLineEncoder } from '../encode/text/line.ts';
import { MAGIC, isRecording } from '../ingest/recording/format.ts';
import type { TornEnd } from '../ingest/recording/reader.ts';
import { isSegment } from '../queue/spool/segment-header.ts';
import { openInput, peek, unreadable } from './decode-input.ts';
import { decodeSegment } from './decode-spool.ts';
import { decodeRecording, onlyJson } from './decode-recording.ts';
import { usesColour } from './io.ts';
import type { CliIo } from './io.ts';
import { print } from './print.ts';
import { reportError } from './report-error.ts';
import { ResultWriter } from './result-writer.ts';
import { styleFor } from './style.ts';

export interface DecodeCommandOptions {
  readonly format: 'json' | 'line' | 'ecs' | 'ocsf';
  /** With `ocsf`: the newest unless given. */
  readonly ocsfVersion?: OcsfVersion;
  /** Only events of these kinds, upper or lower case. */
  readonly kind?: readonly string[];
  /** Only events of this stream. */
  readonly stream?: RecordStream;
  /** The input is values of messages so framed, one after the other, all of `stream`. */
  readonly framing?: Unmarked['framing'];
  /** With `json`: print fields that are null, too. */
  readonly nulls?: boolean;
}

interface Run {
  readonly io: CliIo;
  readonly results: ResultWriter;
  readonly encoder: Encoder<AnyEvent>;
  readonly format: DecodeCommandOptions['format'];
  /** Where the input does not tell what it is. */
  readonly unmarked: Unmarked | undefined;
  readonly wanted: (any: AnyEvent) => boolean;
  readonly wantedOfRecording: (heard: Heard) => boolean;
}

/**
 * Prints the events of `files` (`-` is standard input). Resolves to the exit code: 74 when a file could not be read, 1 when something
 * within one was passed over, else 0. A torn end, which a crash leaves or a file being written has, is a warning. A reader that goes away
 * ends it with what there was.
 */
export async function decodeCommand(files: readonly string[], options: DecodeCommandOptions, io: CliIo): Promise<number> {
  const results = new ResultWriter(io.stdout);
  try {
    if (files.length === 0) throw new AgentError('USAGE', 'no file to decode', { fix: 'Name files, or - for standard input.' });
    return await decodeFiles(files, {
      io,
      results,
      encoder: encoderOf(options, io),
      format: options.format,
      unmarked: unmarkedOf(options),
      ...filtersOf(options),
    });
  } catch (error) {
    return await reportError(error, io);
  } finally {
    results.release();
  }
}

async function decodeFiles(files: readonly string[], run: Run): Promise<number> {
  let worst = 0;
  for (const file of files) {
    if (run.results.abandoned) break;
    worst = Math.max(worst, await decodeFile(file, run));
  }
  return worst;
}

/** The file's exit code. Throws only what concerns all files: that results cannot be written. */
async function decodeFile(file: string, run: Run): Promise<number> {
  const { io, results } = run;
  try {
    const { start, all } = await peek(openInput(file, { io, beforeWaiting: () => results.flush() }), MAGIC.length);
    const printAll =
      run.unmarked !== undefined ? printEvents : isRecording(start) ? printRecording : isSegment(start) ? printSegment : printEvents;
    const code = await printAll(file, all, run);
    await results.flush();
    return code;
  } catch (error) {
    if (error === results.failure) throw error;
    await results.flush();
    return reportError(unreadable(file, error), io);
  }
}

async function printEvents(file: string, input: AsyncIterable<Uint8Array>, run: Run): Promise<number> {
  let code = 0;
  for await (const item of run.unmarked === undefined ? decode(input) : decodeUnmarked(input, run.unmarked)) {
    if (run.results.abandoned) break;
    if (item.what !== 'event') code = Math.max(code, await note(file, item, run));
    else if (run.wanted(item.event)) await run.results.add(run.encoder.encode(item.event).bytes);
  }
  return code;
}

async function printSegment(file: string, input: AsyncIterable<Uint8Array>, run: Run): Promise<number> {
  let code = 0;
  await decodeSegment(input, {
    event: async (event) => {
      if (run.wanted(event)) await run.results.add(run.encoder.encode(event).bytes);
    },
    line: (line) => run.results.add(line),
    note: async (item) => {
      code = Math.max(code, await note(file, item, run));
    },
    over: () => run.results.abandoned,
  });
  return code;
}

async function printRecording(file: string, input: AsyncIterable<Uint8Array>, run: Run): Promise<number> {
  if (run.format !== 'json') throw onlyJson(run.format);
  const torn = await decodeRecording(input, {
    wanted: run.wantedOfRecording,
    add: (line) => run.results.add(line),
    over: () => run.results.abandoned,
  });
  return torn === undefined ? 0 : noteNoEnd(file, torn, run);
}

/** Says that a recording is not complete, after what it holds. */
async function noteNoEnd(file: string, { at, bytes }: TornEnd, { io, results }: Run): Promise<number> {
  await results.flush();
  const name = file === '-' ? 'standard input' : escapeText(file);
  const rest = bytes === 0 ? '' : `; ${bytes} bytes from there on are left out`;
  const text = `${name} was cut at byte ${at}: its recorder was killed, had no room, or is still writing${rest}`;
  await print(io.stderr, `${styleFor(io.stderr, io.env).yellow('warning')}: ${text}\n`);
  return 0;
}

/** Says what is missing from the results, after the results before it. */
async function note(file: string, item: Exclude<Decoded, { what: 'event' }>, { io, results }: Run): Promise<number> {
  await results.flush();
  const style = styleFor(io.stderr, io.env);
  const name = file === '-' ? 'standard input' : escapeText(file);
  if (item.what === 'torn') {
    const text =
      item.bytes === 0 ? `${name} is empty` : `${name} ends within a record: ${item.bytes} bytes from byte ${item.at} on are left out`;
    await print(io.stderr, `${style.yellow('warning')}: ${text}\n`);
    return 0;
  }
  const text = `${name} is damaged at byte ${item.at}: ${item.bytes} bytes are left out (${escapeText(item.reason)})`;
  await print(io.stderr, `${style.red('error')}: ${text}\n`);
  return 1;
}

function unmarkedOf({ framing, stream }: DecodeCommandOptions): Unmarked | undefined {
  if (framing === undefined) return undefined;
  if (stream === undefined)
    throw new AgentError('USAGE', `--framing ${framing} without --stream: such records do not tell what they are`, {
      fix: 'Add --stream process, or --stream agent for those of the agent.',
    });
  return { framing, stream };
}

function encoderOf({ format, nulls, ocsfVersion }: DecodeCommandOptions, io: CliIo): Encoder<AnyEvent> {
  switch (format) {
    case 'line':
      return createLineEncoder({ colour: usesColour(io.stdout, io.env) });
    case 'json':
      return asLines(createJsonEncoder({ nulls: nulls ?? false }));
    case 'ecs':
      return asLines(createEcsEncoder());
    case 'ocsf':
      return asLines(createOcsfEncoder(ocsfVersion === undefined ? {} : { version: ocsfVersion }));
  }
}

/** Besides the kinds of events, what only recordings have. */
const KINDS = new Set<string>([...PROCESS_KINDS, ...AGENT_KINDS, 'LOSS', 'SCAN']);
const OF_AGENT: ReadonlySet<string> = new Set(['LOSS', 'SCAN']);

function filtersOf({ kind, stream }: DecodeCommandOptions): Pick<Run, 'wanted' | 'wantedOfRecording'> {
  const kinds = kind === undefined ? KINDS : new Set(kind.map((name) => name.toUpperCase()));
  for (const name of kinds) {
    if (!KINDS.has(name))
      throw new AgentError('USAGE', `there is no kind ${JSON.stringify(name)}`, { fix: `Kinds are ${[...KINDS].join(', ')}.` });
  }
  return {
    wanted: (any) => kinds.has(any.event.kind) && (stream === undefined || any.stream === stream),
    wantedOfRecording: (heard) => kinds.has(heard.kind) && (stream === undefined || OF_AGENT.has(heard.kind) === (stream === 'agent')),
  };
}
