/** A file format that holds records in self-contained blocks, so that a crash costs at most the block being written (OCF is one). */
export interface RecordContainer {
  /** File name ending, without dot. */
  readonly extension: string;
  /** First bytes of a file. `sync` is the 16-byte marker that ends the header and every block. */
  header(meta: Readonly<Record<string, string>>, sync: Uint8Array): Uint8Array;
  /** One finished block of `count` records whose concatenated bytes are `body`. */
  block(count: number, body: Uint8Array, sync: Uint8Array): Promise<Uint8Array>;
  /** Byte offset after the last complete block of the file; undefined when not even the header is whole. */
  wholeBytes(read: (offset: number, length: number) => Uint8Array, size: number): number | undefined;
}
