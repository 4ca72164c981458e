import type { PositionFile } from './position-file.ts';
import type { SegmentStore } from './segment-store.ts';
import type { SpoolConfig, SpoolDeps } from './spool-options.ts';

/** What the storage of a spool is made of, once its folder was opened. */
export interface StorageParts {
  readonly config: SpoolConfig;
  readonly deps: SpoolDeps;
  readonly store: SegmentStore;
  readonly position: PositionFile;
  /** Something may be possible now that was not: there is more to read, or room. */
  readonly changed: () => void;
}
