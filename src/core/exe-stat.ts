/*
 * What stat(2) says of a process's executable, as a piece of a capture. Little-endian, 40 bytes:
 *
 *    0 f64 inode · 8 f64 device (st_dev) · 16 f64 mtime, microseconds since the epoch · 24 f64 size in bytes · 32 u32 mode · 36 u32 links
 *
 * Doubles, as everybody who reads them has no other numbers: an inode number beyond 2^53 is not exact and taken for unknown.
 */
export interface ExeStat {
  readonly inode: number;
  readonly device: number;
  /** Microseconds since the epoch. */
  readonly mtime: number;
  /** Bytes; UNKNOWN_SIZE where nobody asked. */
  readonly size: number;
  readonly mode: number;
  /** Names that the file has; 0: deleted. */
  readonly links: number;
}

export const EXE_STAT_BYTES = 40;
export const UNKNOWN_SIZE = -1;

export function writeExeStat(view: DataView, at: number, stat: ExeStat): void {
  view.setFloat64(at, stat.inode, true);
  view.setFloat64(at + 8, stat.device, true);
  view.setFloat64(at + 16, stat.mtime, true);
  view.setFloat64(at + 24, stat.size, true);
  view.setUint32(at + 32, stat.mode, true);
  view.setUint32(at + 36, stat.links, true);
}

/** undefined: another length. */
export function readExeStat(bytes: Uint8Array): ExeStat | undefined {
  if (bytes.length !== EXE_STAT_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    inode: view.getFloat64(0, true),
    device: view.getFloat64(8, true),
    mtime: view.getFloat64(16, true),
    size: view.getFloat64(24, true),
    mode: view.getUint32(32, true),
    links: view.getUint32(36, true),
  };
}
