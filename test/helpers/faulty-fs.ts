import { basename, dirname } from 'node:path';
import type { FileId, OpenMode, SpoolFs } from '../../src/queue/spool/spool-fs.ts';

export type DiskOperation =
  'makeFolder' | 'list' | 'open' | 'create' | 'write' | 'truncate' | 'read' | 'sync' | 'syncFolder' | 'rename' | 'remove';

/** What an operation meets: nothing, an errno, or (writes) a stop after so many bytes, which is no error by itself. */
export type DiskFault = undefined | string | { readonly after: number };

type Change = { readonly at: number; readonly bytes: Buffer } | { readonly cut: number };

interface DiskFile {
  /** As every process sees it. */
  live: Buffer;
  /** As the disk has it for certain. */
  durable: Buffer;
  /** Between the two, in order. */
  changes: Change[];
}

/** What a call throws that the end of its process cut off; nothing the process does afterwards matters. */
class Crashed extends Error {}

/**
 * A file system in memory whose operations fail as `fault` says, and whose process or machine dies when it is told to. A killed process leaves
 * what it wrote. A machine without power leaves what was synced, of the rest any part in any mixture, and names of files as they were
 * when their folder was synced, or as they became since. A failed sync forgets what it should have written, as Linux does: a later one succeeds without it.
 */
export class FaultyDisk {
  fault: (operation: DiskOperation, path: string, bytes: number) => DiskFault = () => undefined;
  /** The operation that changes something and is cut off by the end of the process, counted from 1. */
  crashAt = Infinity;
  /** Syncs do not end before this does. */
  gate: Promise<void> = Promise.resolve();
  /** Operations that changed something, or would have. */
  changes = 0;
  syncs = 0;
  #names = new Map<string, DiskFile>();
  #durableNames = new Map<string, DiskFile>();
  #open = new Map<FileId, DiskFile>();
  #paths = new Map<FileId, string>();
  #process = 0;
  #nextFile = 3;
  #random: () => number;

  constructor(seed = 1) {
    this.#random = lehmer(seed);
  }

  get crashed(): boolean {
    return this.changes >= this.crashAt;
  }

  /** The file system as a new process sees it; whatever an earlier one has still to say is not heard. */
  start(): SpoolFs {
    this.#process += 1;
    const mine = this.#process;
    const alive = (): boolean => mine === this.#process && !this.crashed;
    const never = new Promise<never>(() => {});
    const check = (operation: DiskOperation, path: string, bytes = 0): DiskFault => {
      if (!alive()) throw new Crashed(`${operation} by a process that is dead`);
      const fault = this.fault(operation, path, bytes);
      if (typeof fault === 'string') throw systemError(fault, `${operation} '${path}'`);
      return fault;
    };
    const changing = (operation: DiskOperation, path: string, apply: () => void): void => {
      check(operation, path);
      this.changes += 1;
      if (!this.crashed || this.#random() < 0.5) apply();
      if (this.crashed) throw new Crashed(operation);
    };
    return {
      makeFolder: (path) => void check('makeFolder', path),
      list: (folder) => {
        check('list', folder);
        return [...this.#names]
          .filter(([path]) => dirname(path) === folder)
          .map(([path, file]) => ({ name: basename(path), bytes: file.live.length, isFile: true }));
      },
      open: (path, mode) => this.#openFile(path, mode, { check, changing }),
      close: (file) => {
        this.#open.delete(file);
      },
      write: (file, bytes, at) => {
        const fault = check('write', this.#pathOf(file), bytes.length);
        this.changes += 1;
        const short = typeof fault === 'object' ? Math.min(fault.after, bytes.length) : bytes.length;
        const count = this.crashed ? Math.floor(this.#random() * (short + 1)) : short;
        this.#change(file, { at, bytes: Buffer.from(bytes.subarray(0, count)) });
        if (this.crashed) throw new Crashed('write');
        return count;
      },
      truncate: (file, bytes) => changing('truncate', this.#pathOf(file), () => this.#change(file, { cut: bytes })),
      read: async (file, into, at) => {
        check('read', this.#pathOf(file));
        const { live } = this.#fileOf(file);
        await Promise.resolve();
        return alive() ? live.copy(into, 0, at, at + into.length) : never;
      },
      sync: async (file) => {
        const path = this.#pathOf(file);
        this.syncs += 1;
        const found = this.#fileOf(file);
        const upTo = found.changes.length;
        await this.gate;
        if (!alive()) return never;
        const fault = this.fault('sync', path, 0);
        const taken = found.changes.splice(0, upTo);
        if (typeof fault === 'string') throw systemError(fault, `sync '${path}'`);
        for (const change of taken) found.durable = applied(found.durable, change);
      },
      syncFolder: async (folder) => {
        await Promise.resolve();
        if (!alive()) return never;
        check('syncFolder', folder);
        this.#syncNames(folder);
      },
      isAt: (file, path) => this.#names.get(path) === this.#fileOf(file),
      rename: (from, to) =>
        changing('rename', from, () => {
          const file = this.#named(from);
          this.#names.delete(from);
          this.#names.set(to, file);
        }),
      remove: (path) =>
        changing('remove', path, () => {
          this.#named(path);
          this.#names.delete(path);
        }),
    };
  }

  /** The process is gone; what it wrote is there. */
  kill(): void {
    this.#end();
  }

  /** The machine is gone; what was synced is there, and of the rest anything. */
  cutPower(): void {
    this.#end();
    const names = new Map<string, DiskFile>();
    for (const path of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      const [now, before] = [this.#names.get(path), this.#durableNames.get(path)];
      const left = now === before || this.#random() < 0.5 ? now : before;
      if (left !== undefined) names.set(path, left);
    }
    for (const file of new Set(names.values())) {
      for (const change of file.changes) {
        const chance = this.#random();
        if (chance < 0.4) file.durable = applied(file.durable, change);
        else if (chance < 0.6 && 'bytes' in change) {
          file.durable = applied(file.durable, {
            at: change.at,
            bytes: change.bytes.subarray(0, Math.floor(change.bytes.length * this.#random())),
          });
        }
      }
      file.changes = [];
      file.live = file.durable;
    }
    this.#names = names;
    this.#durableNames = new Map(names);
  }

  names(): string[] {
    return [...this.#names.keys()].toSorted();
  }

  contents(path: string): Buffer {
    return Buffer.from(this.#named(path).live);
  }

  /** Changes a file behind everybody's back, durably. */
  damage(path: string, at: number, bytes: Uint8Array): void {
    const file = this.#named(path);
    const change = { at, bytes: Buffer.from(bytes) };
    file.live = applied(file.live, change);
    file.durable = applied(file.durable, change);
  }

  put(path: string, bytes: Uint8Array): void {
    const file = { live: Buffer.from(bytes), durable: Buffer.from(bytes), changes: [] };
    this.#names.set(path, file);
    this.#durableNames.set(path, file);
  }

  /** Somebody else removes it, while whoever has it open goes on. */
  removeBehind(path: string): void {
    this.#names.delete(path);
    this.#durableNames.delete(path);
  }

  #end(): void {
    this.#process += 1;
    if (this.crashed) this.crashAt = Infinity;
    this.#open.clear();
  }

  #openFile(
    path: string,
    mode: OpenMode,
    {
      check,
      changing,
    }: { check: (operation: DiskOperation, path: string) => DiskFault; changing: (o: DiskOperation, p: string, a: () => void) => void },
  ): FileId {
    let file = this.#names.get(path);
    if (file !== undefined && mode === 'create') throw systemError('EEXIST', `open '${path}'`);
    if (file === undefined && mode === 'read') throw systemError('ENOENT', `open '${path}'`);
    if (file === undefined) {
      const made: DiskFile = { live: Buffer.alloc(0), durable: Buffer.alloc(0), changes: [] };
      changing('create', path, () => this.#names.set(path, made));
      file = made;
    } else check('open', path);
    const id = this.#nextFile;
    this.#nextFile += 1;
    this.#open.set(id, file);
    this.#paths.set(id, path);
    return id;
  }

  #change(id: FileId, change: Change): void {
    const file = this.#fileOf(id);
    file.live = applied(file.live, change);
    file.changes.push(change);
  }

  #fileOf(id: FileId): DiskFile {
    const file = this.#open.get(id);
    if (file === undefined) throw systemError('EBADF', `file ${id}`);
    return file;
  }

  #pathOf(id: FileId): string {
    return this.#paths.get(id) ?? '?';
  }

  #named(path: string): DiskFile {
    const file = this.#names.get(path);
    if (file === undefined) throw systemError('ENOENT', path);
    return file;
  }

  #syncNames(folder: string): void {
    for (const path of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      if (dirname(path) !== folder) continue;
      const file = this.#names.get(path);
      if (file === undefined) this.#durableNames.delete(path);
      else this.#durableNames.set(path, file);
    }
  }
}

function applied(before: Buffer, change: Change): Buffer {
  if ('cut' in change) {
    const after = Buffer.alloc(change.cut);
    before.copy(after);
    return after;
  }
  const after = Buffer.alloc(Math.max(before.length, change.at + change.bytes.length));
  before.copy(after);
  after.set(change.bytes, change.at);
  return after;
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: injected, ${what}`), { code });
}

/** Lehmer's generator: the same for the same seed. */
export function lehmer(seed: number): () => number {
  let state = (Math.abs(Math.trunc(seed)) % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
