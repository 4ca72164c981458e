import { readFileSync, readlinkSync } from 'node:fs';

/** What the kernel tells about the machine and this process, as text; tests give what was recorded elsewhere. */
export interface HostFiles {
  /** Content of a small file below /proc or /sys; undefined when it is not there or must not be read. */
  text(path: string): string | undefined;
  /** Target of a symbolic link, likewise. */
  link(path: string): string | undefined;
}

export const hostFiles: HostFiles = {
  text: (path) => orUndefined(() => readFileSync(path, 'utf8')),
  link: (path) => orUndefined(() => readlinkSync(path)),
};

function orUndefined(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    // That it cannot be read is the finding; which of the reasons it is changes nothing about what follows.
    return undefined;
  }
}
