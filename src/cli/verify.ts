import { readFileSync } from 'node:fs';
import type { AnyEvent } from '../core/any-event.ts';
import { AgentError } from '../core/errors.ts';
import { escapeText } from '../core/text.ts';
import { isUuidText, uuidBytes } from '../core/uuid.ts';
import type { Decoded } from '../encode/avro/decoded.ts';
import { decode } from '../encode/decode.ts';
import type { Evidence, Place } from '../verify/evidence.ts';
import type { Report } from '../verify/report.ts';
import { Verifier } from '../verify/verifier.ts';
import { unreadable } from './decode-input.ts';
import type { CliIo } from './io.ts';
import { print } from './print.ts';
import { reportError } from './report-error.ts';
import { styleFor } from './style.ts';
import { listEventFiles, readEventFile, seriesOf } from './verify-files.ts';
import type { EventFile } from './verify-files.ts';
import { verdictText } from './verify-text.ts';
import type { Reading } from './verify-text.ts';

export interface VerifyCommandOptions {
  /** File with the ids of hosts that must be there. */
  readonly expect?: string;
  /** Accept what nobody can prove: the time between two runs, and the end of a run that was killed. */
  readonly allowBlind?: boolean;
  readonly json?: boolean;
}

/**
 * `forkcast verify`: 0 when everything is there that was accepted, 1 when something is missing, contradicts itself or cannot be proven and that
 * is not allowed for; errors of files and of the command line are reported with their own codes.
 */
export async function verifyCommand(paths: readonly string[], options: VerifyCommandOptions, io: CliIo): Promise<number> {
  try {
    const expectedHosts = options.expect === undefined ? [] : readHosts(options.expect);
    const files = await listEventFiles(paths);
    // Before reading, which takes its time: what is written meanwhile is not read.
    const nowUs = Date.now() * 1000;
    const verifier = new Verifier();
    const reading: Reading = { files: files.length, records: 0, damaged_bytes: 0, unfinished: 0 };
    for (const file of files) await readInto(verifier, file, { io, reading });
    const report = verifier.report({ nowUs, expectedHosts });
    const accepted = isAccepted(report, reading, options);
    const text = options.json === true ? `${JSON.stringify({ ok: accepted, ...reading, ...report }, undefined, 2)}\n` : undefined;
    await print(
      io.stdout,
      text ?? verdictText(report, reading, { style: styleFor(io.stdout, io.env), allowBlind: options.allowBlind === true }),
    );
    return accepted ? 0 : 1;
  } catch (error) {
    return reportError(error, io);
  }
}

function isAccepted(report: Report, { damaged_bytes, records }: Reading, { allowBlind }: VerifyCommandOptions): boolean {
  const unknown = report.blind.length > 0 || report.unproven_tail > 0;
  return report.proven && damaged_bytes === 0 && records > 0 && (allowBlind === true || !unknown);
}

interface Run {
  readonly io: CliIo;
  readonly reading: Reading;
}

async function readInto(verifier: Verifier, file: EventFile, run: Run): Promise<void> {
  const { reading } = run;
  const series = seriesOf(file);
  const part = series === undefined ? {} : { file: series };
  let place: Place = { place: 'files', sink: null, ...part };
  const onMeta = (meta: ReadonlyMap<string, Buffer>): void => {
    const sink = meta.get('sink_id')?.toString() ?? '';
    if (isUuidText(sink)) place = { place: sink, sink: uuidBytes(sink), ...part };
  };
  try {
    for await (const item of decode(readEventFile(file), onMeta)) {
      if (item.what === 'event') {
        reading.records += 1;
        verifier.add(evidenceOf(item.event), place);
      } else await note(file, item, run);
    }
  } catch (error) {
    throw notVerified(file.path, error);
  }
}

function evidenceOf({ stream, event }: AnyEvent): Evidence {
  const { agent_id: agentId, sequence, time, host } = event;
  return { stream, agentId, sequence, time, host, event: stream === 'agent' ? event : null };
}

async function note({ path }: EventFile, item: Exclude<Decoded, { what: 'event' }>, { io, reading }: Run): Promise<void> {
  const style = styleFor(io.stderr, io.env);
  const name = escapeText(path);
  if (item.what === 'torn') {
    reading.unfinished += 1;
    const state = item.bytes === 0 ? 'is empty' : `ends within a block: its last ${item.bytes} bytes are left out`;
    await print(io.stderr, `${style.yellow('note')}: ${name} ${state}; it is being written, or its writer was killed\n`);
    return;
  }
  reading.damaged_bytes += item.bytes;
  const text = `${name} is damaged at byte ${item.at}: ${item.bytes} bytes are left out (${escapeText(item.reason)})`;
  await print(io.stderr, `${style.red('error')}: ${text}\n`);
}

function notVerified(path: string, error: unknown): AgentError {
  if (!(error instanceof AgentError)) return unreadable(path, error);
  return new AgentError(error.code, `cannot verify ${path}: ${error.message}`, {
    cause: error,
    context: { path },
    fix: error.fix ?? 'Name event files of forkcast (*.avro), or the folder they are in.',
  });
}

/** Throws FILE_NOT_FOUND, FILE_IO and USAGE. */
function readHosts(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
  const hosts: string[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    const host = line.replace(/#.*/, '').trim().toLowerCase();
    if (host === '') continue;
    if (!isUuidText(host))
      throw new AgentError('USAGE', `${path}:${i + 1}: ${JSON.stringify(host)} is not the id of a host`, {
        fix: 'Write one host id (host.host_id of any event, a UUID) on each line; # begins a comment.',
      });
    hosts.push(host);
  }
  return hosts;
}
