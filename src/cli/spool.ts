import { statSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock } from '../agent/data-dir.ts';
import { AgentError } from '../core/errors.ts';
import { errnoName, fileError } from '../core/system-error.ts';
import { escapeText } from '../core/text.ts';
import { roundSize } from '../core/units.ts';
import { inspectSpool } from '../queue/spool/inspect.ts';
import type { SegmentReport, SpoolReport } from '../queue/spool/inspect.ts';
import { nodeFs } from '../queue/spool/node-fs.ts';
import { repairSpool } from '../queue/spool/repair.ts';
import type { Repaired } from '../queue/spool/repair.ts';
import { segmentFiles } from '../queue/spool/recovery.ts';
import { LOCK, POSITION } from '../queue/spool/spool-folder.ts';
import type { CliIo } from './io.ts';
import { print } from './print.ts';
import { reportError } from './report-error.ts';

export interface SpoolCommandOptions {
  readonly action: 'inspect' | 'repair';
  readonly json?: true;
}

/** `forkcast spool …`: resolves to the exit code; of `inspect`, 1 where something is damaged. */
export async function spoolCommand(dirs: readonly string[], options: SpoolCommandOptions, io: CliIo): Promise<number> {
  try {
    const folders = dirs.flatMap((dir) => spoolsIn(dir));
    return await (options.action === 'inspect' ? inspect(folders, options, io) : repair(folders, options, io));
  } catch (error) {
    return reportError(error, io);
  }
}

/** The folder itself where it is a spool, else those in it. Throws FILE_NOT_FOUND where there is none. */
function spoolsIn(dir: string): readonly string[] {
  const found = isSpool(dir) ? [dir] : subfolders(dir).filter(isSpool);
  if (found.length > 0) return found;
  throw new AgentError('FILE_NOT_FOUND', `there is no spool in ${escapeText(dir)}`, {
    context: { path: dir },
    fix: 'Name the folder of a sink below state/spool in agent.data_dir.',
  });
}

function subfolders(dir: string): string[] {
  return attempt('list', dir, () => nodeFs.list(dir))
    .filter(({ isFile, name }) => !isFile && statSync(join(dir, name), { throwIfNoEntry: false })?.isDirectory() === true)
    .map(({ name }) => join(dir, name));
}

function isSpool(dir: string): boolean {
  const entries = attempt('list', dir, () => nodeFs.list(dir));
  return segmentFiles(entries).length > 0 || entries.some(({ name }) => name === POSITION);
}

function attempt<T>(action: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw errnoName(error) === undefined ? error : fileError({ action, path }, error);
  }
}

async function inspect(folders: readonly string[], { json }: SpoolCommandOptions, io: CliIo): Promise<number> {
  const spools: SpoolReport[] = [];
  for (const folder of folders) spools.push(await withPath('read', folder, () => inspectSpool(nodeFs, folder)));
  await print(io.stdout, json === true ? `${JSON.stringify({ spools }, null, 2)}\n` : spools.map((spool) => spoolText(spool)).join('\n'));
  return spools.some(({ segments }) => segments.some((segment) => isDamaged(segment))) ? 1 : 0;
}

async function repair(folders: readonly string[], { json }: SpoolCommandOptions, io: CliIo): Promise<number> {
  const spools: { folder: string; repaired: readonly Repaired[] }[] = [];
  for (const folder of folders) {
    const unlock = await takeLock(join(folder, LOCK));
    try {
      spools.push({ folder, repaired: await withPath('repair', folder, () => repairSpool(nodeFs, folder)) });
    } finally {
      await unlock();
    }
  }
  await print(io.stdout, json === true ? `${JSON.stringify({ spools }, null, 2)}\n` : spools.map((spool) => repairText(spool)).join(''));
  return 0;
}

async function withPath<T>(action: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw errnoName(error) === undefined ? error : fileError({ action, path }, error);
  }
}

/** A torn end may be what is being written at this moment. */
function isDamaged({ fault, damage }: SegmentReport): boolean {
  return damage.length > 0 || fault === 'corrupt' || fault === 'too_new';
}

function spoolText({ folder, position, segments, quarantine }: SpoolReport): string {
  const sum = (of: (segment: SegmentReport) => number): number => segments.reduce((total, segment) => total + of(segment), 0);
  const waiting = `${sum(({ waiting: records }) => records).toLocaleString('en')} events wait, ${roundSize(sum(({ bytes }) => bytes))} in ${segments.length} segments`;
  const at = position === null ? 'from the beginning' : `from segment ${position.segment}, byte ${position.offset}`;
  const aside = quarantine.map(({ name, bytes }) => `  quarantine/${escapeText(name)}  ${roundSize(bytes)}\n`).join('');
  return `${escapeText(folder)}: ${waiting}, ${at}\n${segments.map((segment) => segmentText(segment)).join('')}${aside}`;
}

const FAULTS = {
  torn: 'holds nothing: cut within its header',
  corrupt: 'not a segment of a spool',
  too_new: 'of a newer forkcast',
} as const;

function segmentText(segment: SegmentReport): string {
  const { name, bytes, header, fault, sealed, records, waiting, lowest, highest, torn_bytes, damage } = segment;
  if (fault !== undefined || header === undefined) return `  ${name}  ${roundSize(bytes)}  ${FAULTS[fault ?? 'corrupt']}\n`;
  const what = [
    `${records.toLocaleString('en')} events`,
    `${waiting.toLocaleString('en')} wait`,
    `sequences ${lowest} to ${highest} of run ${header.agent_id}`,
    sealed ? '' : 'not sealed',
    torn_bytes === 0 ? '' : `torn end of ${torn_bytes} bytes`,
    ...damage.map(({ from, to }) => `DAMAGED from byte ${from} to ${to}`),
  ];
  return `  ${name}  ${roundSize(bytes)}  ${what.filter((part) => part !== '').join(', ')}\n`;
}

const ACTIONS: Readonly<Record<Repaired['action'], string>> = {
  cut: 'its torn end was cut off',
  removed: 'removed: it held nothing',
  'put aside': 'not a segment of a spool: moved to quarantine',
  filled: 'what was damaged is passed over from now on; a copy is in quarantine',
};

function repairText({ folder, repaired }: { readonly folder: string; readonly repaired: readonly Repaired[] }): string {
  if (repaired.length === 0) return `${escapeText(folder)}: nothing to repair\n`;
  const lines = repaired.map(({ name, action, bytes }) => `  ${name}  ${ACTIONS[action]} (${bytes.toLocaleString('en')} bytes)\n`);
  return `${escapeText(folder)}:\n${lines.join('')}`;
}
