import type { Capture, Heard, KernelFacts, Piece } from '../core/kernel-event.ts';
import { readExeStat } from '../core/exe-stat.ts';
import { utcTimestamp } from '../encode/text/timestamp.ts';

/** What a recording holds of one event, for JSON: the kernel's words with the process's files as text. */
export function heardJson(heard: Heard): object {
  return Object.fromEntries(Object.entries(heard).map(([key, value]: [string, unknown]) => fieldJson(key, value)));
}

/** Times of the wall clock as text; everything else has its unit in the name. */
function fieldJson(key: string, value: unknown): [string, unknown] {
  if (/(^t|T)imeUs$/.test(key)) return [snakeCase(key.slice(0, -2)), utcTimestamp(value as number)];
  if (key === 'capture') return [key, value === null ? null : captureJson(value as Capture)];
  return [snakeCase(key), value];
}

function captureJson({ delayUs, cmdline, cmdlineBytes, kernel, ...files }: Capture): object {
  const args = typeof cmdline === 'number' ? errno(cmdline) : argsOf(text(cmdline));
  const pieces = Object.entries(files).flatMap(([name, piece]: [string, Piece | undefined]) =>
    piece === undefined ? [] : [[snakeCase(name), pieceJson(name, piece)]],
  );
  return {
    delay_us: delayUs,
    args,
    args_bytes: cmdlineBytes,
    ...(Object.fromEntries(pieces) as object),
    ...(kernel === undefined ? {} : { kernel: kernelJson(kernel) }),
  };
}

/** What the kernel recorded at the exec. */
const kernelJson = (facts: KernelFacts): object =>
  Object.fromEntries(
    Object.entries(facts).map(([key, value]: [string, unknown]) => [snakeCase(key), value instanceof Uint8Array ? text(value) : value]),
  );

function pieceJson(name: string, piece: Piece): unknown {
  if (typeof piece === 'number') return errno(piece);
  if (name === 'exeStat') return readExeStat(piece) ?? null;
  return name === 'streams' || name === 'environ' ? argsOf(text(piece)) : text(piece);
}

/** Why there is nothing. */
const errno = (number: number): object => ({ errno: number });

const text = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

const argsOf = (cmdline: string): string[] => (cmdline === '' ? [] : cmdline.replace(/\0$/, '').split('\0'));

const snakeCase = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
