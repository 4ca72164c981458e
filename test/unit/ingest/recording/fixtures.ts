import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Usage } from '../../../../src/core/event.ts';
import type { Heard, KernelEvent } from '../../../../src/core/kernel-event.ts';
import type { RecordingHeader } from '../../../../src/ingest/recording/header.ts';
import { RecordingReader } from '../../../../src/ingest/recording/reader.ts';
import type { ReadBytes, TornEnd } from '../../../../src/ingest/recording/reader.ts';
import type { RecordingEnd } from '../../../../src/ingest/recording/end.ts';
import { RecordingWriter } from '../../../../src/ingest/recording/writer.ts';
import { SyntheticHost } from '../../../../src/ingest/synthetic/host.ts';
import { framesOf } from '../../../helpers/frame-encoder.ts';
import { makeTempDir, tempDir } from '../../../helpers/temp-dir.ts';

/** linux/errno.h */
const ENOENT = 2;

export const HEADER: RecordingHeader = {
  format: 2,
  forkcast: '0.1.0',
  agent_id: '0f1e2d3c-4b5a-4697-a8b9-cadbecfd0e1f',
  host: { host_id: '11111111-2222-4333-8444-555555555555', boot_id: '66666666-7777-4888-9999-aaaaaaaaaaaa', hostname: 'web-042' },
  started: { time_us: 1_767_225_600_000_000, monotonic_ns: 86_400_000_000_000 },
  config_hash: 'c0ffee',
  redacted: false,
  max_args_bytes: 32_768,
  capabilities: ['CAP_NET_ADMIN'],
  sources: ['proc_connector'],
  degraded: [{ feature: 'receive_buffer', reason: 'small' }],
  loss_windows: ['receive buffer: 10 events'],
  users: { '0': 'root', '1000': 'svc1000' },
};

export const END: Omit<RecordingEnd, 'frames'> = {
  complete: true,
  reason: 'duration over',
  heard: 7,
  lost: 1,
  foreign: 2,
  malformed: 3,
  overruns: 4,
};

/** What a synthetic host has to tell, and frames of it. */
export function synthetic(
  count: number,
  { slots = 64, seed = 1, stepNs = 1_000_000 } = {},
): { heard: Heard[]; frames: Buffer[]; header: RecordingHeader } {
  const host = new SyntheticHost({ seed, stepNs, maxArgsBytes: 32_768 });
  const heard: Heard[] = [...host.listing(), ...Array.from({ length: count }, () => host.next())];
  const started = { time_us: host.timeUs(host.startNs), monotonic_ns: host.startNs };
  return { heard, frames: framesOf(heard, { wallUs: host.wallUs, slots }), header: { ...HEADER, started } };
}

export interface RecordingParts {
  readonly header?: RecordingHeader;
  readonly redact?: boolean;
  /** Frames between two flushes. */
  readonly perSection?: number;
  /** null: none. */
  readonly end?: typeof END | null;
}

/** Writes a recording into a folder of its own, gone with the test; its path. */
export async function writeRecording(frames: readonly Uint8Array[], parts: RecordingParts = {}): Promise<string> {
  const path = join(await tempDir(), 'test.fcrec');
  await writeTo(path, frames, parts);
  return path;
}

/** The bytes of a recording; also outside a test. */
export async function recordingOf(frames: readonly Uint8Array[], parts: RecordingParts = {}): Promise<Buffer> {
  const folder = await makeTempDir();
  try {
    const path = join(folder.path, 'test.fcrec');
    await writeTo(path, frames, parts);
    return await readFile(path);
  } finally {
    await folder.remove();
  }
}

async function writeTo(path: string, frames: readonly Uint8Array[], parts: RecordingParts): Promise<void> {
  const { header = HEADER, redact = false, perSection = 5, end = END } = parts;
  const writer = await RecordingWriter.create(path, { redact });
  await writer.begin({ ...header, redacted: redact });
  for (const [i, frame] of frames.entries()) {
    writer.add(frame);
    if ((i + 1) % perSection === 0) await writer.flush();
  }
  if (end === null) await writer.flush();
  else await writer.finish(end);
  await writer.close();
}

/** Reads from memory as from a file. */
function readingFrom(bytes: Buffer): ReadBytes {
  let at = 0;
  return (length) => {
    const part = bytes.subarray(at, at + length);
    at += part.length;
    return Promise.resolve(Buffer.from(part));
  };
}

export interface ReadBack {
  readonly header: RecordingHeader;
  readonly frames: Buffer[];
  readonly end: RecordingEnd | TornEnd | undefined;
}

export async function readBack(bytes: Buffer): Promise<ReadBack> {
  const reader = await RecordingReader.open(readingFrom(bytes), 'x.fcrec');
  const frames: Buffer[] = [];
  for (let body = await reader.next(); body >= 0; body = await reader.next()) {
    const { bytes: memory, words } = reader.memory;
    frames.push(Buffer.from(memory.subarray(body, body + (words[body / 4 - 2] as number))));
  }
  return { header: reader.header, frames, end: reader.end };
}

export async function readBackFile(path: string): Promise<ReadBack> {
  return readBack(await readFile(path));
}

const USAGE: Usage = {
  user_us: 1200,
  system_us: 300,
  resolution_us: 4000,
  max_rss_kib: 1840,
  read_bytes: 4096,
  write_bytes: 0,
  voluntary_switches: 3,
  involuntary_switches: 1,
};

/** Like `synthetic`, of a host whose kernel records starts, what is used, and moves to other cgroups. */
export function recorded(count: number, how: Parameters<typeof synthetic>[1] = {}): { heard: Heard[]; frames: Buffer[] } {
  const { slots = 64, seed = 1, stepNs = 1_000_000 } = how;
  const host = new SyntheticHost({ seed, stepNs, maxArgsBytes: 32_768 });
  const heard = Array.from({ length: count }, (): Heard[] => {
    const item = host.next();
    if (item.kind === 'EXIT') return [{ ...item, usage: USAGE }];
    if (item.kind !== 'FORK') return [item];
    const fork = { ...item, startBootNs: item.monotonicNs - 5000, cgroup: item.pid % 3 === 0 ? Buffer.from('0::/born\n') : undefined };
    return item.pid % 2 === 0 ? [fork] : [fork, moveOf(item)];
  }).flat();
  return { heard, frames: framesOf(heard, { wallUs: host.wallUs, slots }) };
}

function moveOf({ tgid, monotonicNs, timeUs }: KernelEvent): Heard {
  const cgroup = tgid % 5 === 0 ? ENOENT : Buffer.from(`0::/docker/${tgid}\n`);
  return { kind: 'MOVED', tgid, monotonicNs, timeUs, cgroup };
}
