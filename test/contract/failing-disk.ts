import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { OpenFile } from '../../src/sink/file/event-file.ts';

type Operation = 'open' | 'write' | 'truncate' | 'datasync';

/** What an operation meets: nothing, an errno, or (for writes) a stop after so many bytes, which is no error by itself. */
export type Fault = undefined | string | { readonly after: number };

export type DecideFault = (operation: Operation, bytes: number) => Fault;

/** Opens real files whose operations fail as `decide` says. */
export function failingDisk(decide: DecideFault): OpenFile {
  const check = (operation: Operation): void => {
    const fault = decide(operation, 0);
    if (typeof fault === 'string') throw systemError(fault, operation);
  };
  return async (path, flags, mode) => {
    check('open');
    const file = await open(path, flags, mode);
    const faulty = {
      write: (...write: Write) => faultyWrite(file, write, decide),
      truncate: async (size: number) => {
        check('truncate');
        await file.truncate(size);
      },
      datasync: async () => {
        check('datasync');
        await file.datasync();
      },
      chmod: (wanted: number) => file.chmod(wanted),
      stat: () => file.stat(),
      close: () => file.close(),
    };
    return faulty as unknown as FileHandle;
  };
}

/** As FileHandle.write takes it. */
type Write = [bytes: Uint8Array, offset: number, length: number, position: number];

async function faultyWrite(file: FileHandle, write: Write, decide: DecideFault): Promise<{ bytesWritten: number; buffer: Uint8Array }> {
  const [bytes, offset, length, position] = write;
  const fault = decide('write', length);
  if (typeof fault === 'string') throw systemError(fault, 'write');
  return file.write(bytes, offset, fault === undefined ? length : Math.max(1, Math.min(fault.after, length)), position);
}

function systemError(code: string, operation: string): Error {
  return Object.assign(new Error(`${code}: injected, ${operation}`), { code, syscall: operation });
}

/** Faults by chance, the same for the same seed: full disks, torn writes, ends that cannot be cut. */
export function randomFaults(): { decide: DecideFault; set: (chance: number, seed: number) => void } {
  let chance = 0;
  let state = 1;
  const random = (): number => {
    // Lehmer's generator.
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const decide: DecideFault = (operation, bytes) => {
    if (random() >= chance) return undefined;
    if (operation === 'write') return random() < 0.5 ? { after: Math.floor(random() * bytes) } : 'ENOSPC';
    if (operation === 'truncate') return 'EIO';
    return operation === 'open' ? 'ENOSPC' : undefined;
  };
  return {
    decide,
    set: (newChance, seed) => {
      chance = newChance;
      state = seed;
    },
  };
}
