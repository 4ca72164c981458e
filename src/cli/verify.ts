import { readFileSync } from 'node:fs';
import { AgentError } from '../core/errors.ts';
import { isUuidText } from '../core/uuid.ts';
import type { Report } from '../verify/report.ts';
import { Verifier } from '../verify/verifier.ts';
import { unreadable } from './decode-input.ts';
import type { CliIo } from './io.ts';
import { print } from './print.ts';
import { reportError } from './report-error.ts';
import { styleFor } from './style.ts';
import type { JetStreamOptions } from './verify-jetstream-target.ts';
import type { KafkaOptions } from './verify-kafka-target.ts';
import { readFiles } from './verify-read-files.ts';
import type { Reading } from './verify-reading.ts';
import { verdictText } from './verify-text.ts';

export interface VerifyCommandOptions extends KafkaOptions, JetStreamOptions {
  /** File with the ids of hosts that must be there. */
  readonly expect?: string;
  /** Accept what nobody can prove: the time between two runs, and the end of a run that was killed. */
  readonly allowBlind?: boolean;
  readonly json?: boolean;
}

/**
 * `forkcast verify`: 0 when everything is there that was accepted, 1 when something is missing, contradicts itself or cannot be proven and that
 * is not allowed for; errors of files, of brokers, of servers and of the command line are reported with their own codes.
 */
export async function verifyCommand(paths: readonly string[], options: VerifyCommandOptions, io: CliIo): Promise<number> {
  try {
    const expectedHosts = options.expect === undefined ? [] : readHosts(options.expect);
    const verifier = new Verifier();
    const reading = await readInto(verifier, { paths, options, io });
    const report = verifier.report({ nowUs: reading.nowUs, expectedHosts });
    const accepted = isAccepted(report, reading, options);
    const text = options.json === true ? `${JSON.stringify({ ok: accepted, ...reading.facts, ...report }, undefined, 2)}\n` : undefined;
    await print(
      io.stdout,
      text ?? verdictText(report, reading, { style: styleFor(io.stdout, io.env), allowBlind: options.allowBlind === true }),
    );
    return accepted ? 0 : 1;
  } catch (error) {
    return reportError(error, io);
  }
}

interface Task {
  readonly paths: readonly string[];
  readonly options: VerifyCommandOptions;
  readonly io: CliIo;
}

/** Whoever checks files has no use for a client's memory. */
async function readInto(verifier: Verifier, { paths, options, io }: Task): Promise<Reading> {
  if (options.kafka !== undefined) return (await import('./verify-kafka.ts')).readTopics(verifier, options, io);
  if (options.jetstream !== undefined) return (await import('./verify-jetstream.ts')).readStream(verifier, options, io);
  return readFiles(verifier, paths, io);
}

function isAccepted(report: Report, { trouble, records }: Reading, { allowBlind }: VerifyCommandOptions): boolean {
  const unknown = report.blind.length > 0 || report.unproven_tail > 0 || report.perhaps_removed > 0;
  return report.proven && trouble === null && records > 0 && (allowBlind === true || !unknown);
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
