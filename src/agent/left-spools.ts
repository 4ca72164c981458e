import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { asAgentError } from '../core/errors.ts';
import { errnoName } from '../core/system-error.ts';
import { readPosition } from '../queue/spool/inspect.ts';
import { nodeFs } from '../queue/spool/node-fs.ts';
import { findSegments } from '../queue/spool/recovery.ts';
import type { Logger } from '../telemetry/log.ts';
import { spoolRoot } from './lane-queue.ts';

const FIX = 'Configure a sink of this name with queue.type disk again, and they are delivered to it; or remove the folder.';
/** It is only said: whatever is there, the start does not wait for it for long. */
const PATIENCE_MS = 2000;

/** Names the spools in which something waits for sinks that are not configured any more, or not with a queue on disk. Changes nothing. */
export async function tellLeftSpools({ agent, sinks }: Config, log: Logger): Promise<void> {
  const used = new Set(sinks.filter(({ queue }) => queue.type === 'disk').map(({ name }) => name));
  const root = spoolRoot(agent.dataDir);
  const until = AbortSignal.timeout(PATIENCE_MS);
  for (const sink of foldersIn(root, log).filter((name) => !used.has(name))) {
    const folder = join(root, sink);
    try {
      const events = await waitingIn(folder, until);
      if (events > 0) log.warn({ sink, events, folder, fix: FIX }, 'events wait in the spool of a sink that is not configured');
    } catch (error) {
      log.warn({ sink, folder, reason: asAgentError(error).message }, 'the spool of a sink that is not configured cannot be read');
    }
  }
}

function foldersIn(root: string, log: Logger): string[] {
  try {
    return nodeFs.list(root).flatMap(({ name, isFile }) => (isFile ? [] : [name]));
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') log.warn({ folder: root, reason: asAgentError(error).message }, 'the spools cannot be listed');
    return [];
  }
}

async function waitingIn(folder: string, signal: AbortSignal): Promise<number> {
  const position = await readPosition(nodeFs, folder, nodeFs.list(folder));
  const { segments } = await findSegments({ fs: nodeFs, folder, signal }, position);
  return segments.reduce((sum, { unread }) => sum + unread, 0);
}
