import { resolve } from 'node:path';
import type { SinkConfig } from '../config/config.ts';

/** Who opens what while a reload is under way. */
export interface FolderUse {
  readonly added: readonly SinkConfig[];
  readonly changed: readonly { readonly from: SinkConfig; readonly to: SinkConfig }[];
  /** Those that go, and those that went and deliver what they had by then. */
  readonly leaving: readonly SinkConfig[];
}

/** A sink that would find its folder locked by another one of this agent. */
export interface HeldFolder {
  readonly sink: string;
  readonly folder: string;
  readonly holder: string;
  /** It goes, and keeps the folder until it has delivered what it has; else it moves elsewhere, and keeps it for a moment. */
  readonly isLeaving: boolean;
}

/**
 * Added sinks open before the changed ones let go, and a sink that goes keeps what it has until all that it accepted is there. What exchange folders
 * among the changed ones only is fine: they all close before the first of them opens.
 */
export function heldFolders({ added, changed, leaving }: FolderUse): HeldFolder[] {
  const kept = new Map(leaving.flatMap((sink) => entryOf(sink, true)));
  const moving = new Map(changed.flatMap(({ from }) => entryOf(from, false)));
  return [
    ...conflicts(added, new Map([...moving, ...kept])),
    ...conflicts(
      changed.map(({ to }) => to),
      kept,
    ),
  ];
}

type Holder = Pick<HeldFolder, 'holder' | 'isLeaving'>;

function entryOf(sink: SinkConfig, isLeaving: boolean): [string, Holder][] {
  const folder = folderOf(sink);
  return folder === undefined ? [] : [[folder, { holder: sink.name, isLeaving }]];
}

function conflicts(sinks: readonly SinkConfig[], holders: ReadonlyMap<string, Holder>): HeldFolder[] {
  return sinks.flatMap((sink) => {
    const folder = folderOf(sink);
    const holder = folder === undefined ? undefined : holders.get(folder);
    return folder === undefined || holder === undefined ? [] : [{ sink: sink.name, folder, ...holder }];
  });
}

const folderOf = (sink: SinkConfig): string | undefined => (sink.type === 'file' ? resolve(sink.settings.path) : undefined);
