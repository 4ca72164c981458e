import { release } from 'node:os';
import { DATA_DIR_RULES, INNER_FOLDER_RULES, innerFolders } from '../agent/data-dir.ts';
import type { Config } from '../config/config.ts';
import { issuesOf } from '../config/issue.ts';
import { loadConfig } from '../config/load.ts';
import { effectiveCapabilities } from '../core/capabilities.ts';
import { AgentError } from '../core/errors.ts';
import { escapeText } from '../core/text.ts';
import { EVENT_FOLDER_RULES } from '../sink/file/event-directory.ts';
import type { FolderRules } from '../sink/file/safe-folder.ts';
import { nothingToRecord } from '../ingest/capture/bpf/unavailable.ts';
import type { ExecCacheTrial } from '../ingest/exec-cache-trial.ts';
import type { Actions, SelfTestResult } from './actions.ts';
import { checkReceiveBuffer } from './doctor/buffer.ts';
import { checkCapabilities } from './doctor/capabilities.ts';
import { checkCgroups } from './doctor/cgroups.ts';
import { checkExecCache } from './doctor/exec-cache.ts';
import { ok } from './doctor/finding.ts';
import type { Check } from './doctor/finding.ts';
import { checkFolder } from './doctor/folder.ts';
import { checkConnector, checkKernel, noteListeners } from './doctor/kernel.ts';
import { parseMounts } from './doctor/mounts.ts';
import { checkNamespaces } from './doctor/namespaces.ts';
import { checkNode } from './doctor/node-runtime.ts';
import { checkProc } from './doctor/procfs.ts';
import { renderChecks } from './doctor/render.ts';
import { kernelRelease, receiveBufferLimit } from './host.ts';
import { hostFiles } from './host-files.ts';
import type { HostFiles } from './host-files.ts';
import type { CliIo } from './io.ts';
import { print } from './print.ts';

export interface DoctorOptions {
  readonly config?: string;
  readonly set: readonly string[];
  readonly json?: true;
}

/** `forkcast doctor`: 0 when the agent can run here, 1 when not. */
export async function doctorCommand(
  options: DoctorOptions,
  io: CliIo,
  { selfTest, tryExecCache }: Pick<Actions, 'selfTest' | 'tryExecCache'>,
): Promise<number> {
  const { config, check } = configOf(options);
  const checks = [
    ...examineHost(hostFiles, kernelRelease(release()), config),
    checkConnector(await heard(selfTest), config.source.fallback),
    checkExecCache(nothingToRecordBy(config) ?? (await tried(tryExecCache)), config.enrich.execCache),
    checkNode(process.version, process.execPath),
    ...examineFolders(config),
    check,
  ];
  const able = checks.every(({ status }) => status !== 'failed');
  await print(io.stdout, options.json === true ? `${JSON.stringify({ ok: able, checks }, null, 2)}\n` : renderChecks(checks, io));
  return able ? 0 : 1;
}

/** What follows from files of the kernel alone. */
export function examineHost(files: HostFiles, kernel: ReturnType<typeof kernelRelease>, config: Config): Check[] {
  const held = effectiveCapabilities(files.text('/proc/self/status'));
  const mounts = parseMounts(files.text('/proc/self/mountinfo') ?? '');
  return [
    checkKernel(kernel, held),
    ...checkNamespaces(files, config.source.fallback),
    ...checkCapabilities(held),
    checkReceiveBuffer({ wantedBytes: config.source.receiveBufferBytes, limitBytes: receiveBufferLimit(files), held }),
    checkProc(mounts, held),
    checkCgroups(mounts),
    noteListeners(kernel),
  ];
}

/** A configuration with errors must not keep the doctor from looking at the rest: the defaults stand in. */
function configOf({ config: file, set }: DoctorOptions): { config: Config; check: Check } {
  const name = 'configuration';
  try {
    const { config } = loadConfig({ file, overrides: set });
    return { config, check: ok(name, file === undefined ? 'the built-in one' : `${escapeText(file)} is valid`) };
  } catch (error) {
    if (!(error instanceof AgentError) || error.category !== 'config') throw error;
    const count = issuesOf(error).length;
    const fix = count === 0 ? (error.fix ?? 'correct the path') : `forkcast check -c ${file ?? 'FILE'} lists what to correct`;
    return {
      config: loadConfig().config,
      check: {
        name,
        status: 'failed',
        found: error.message,
        consequence: 'the agent will not start; the lines above are for the defaults',
        fix,
      },
    };
  }
}

async function heard(selfTest: Actions['selfTest']): Promise<SelfTestResult> {
  try {
    return await selfTest();
  } catch (error) {
    return { ok: false, ...whatWentWrong(error) };
  }
}

function nothingToRecordBy({ source, enrich }: Config): ExecCacheTrial | undefined {
  return enrich.execCache === 'off' ? undefined : nothingToRecord(source.kernelFilter ? source.events : null);
}

async function tried(tryExecCache: Actions['tryExecCache']): Promise<ExecCacheTrial> {
  try {
    return await tryExecCache();
  } catch (error) {
    return whatWentWrong(error);
  }
}

function whatWentWrong(error: unknown): { reason: string; fix: string } {
  const known = error instanceof AgentError ? error.fix : undefined;
  return { reason: error instanceof Error ? error.message : String(error), fix: known ?? 'report this as a bug in forkcast' };
}

function examineFolders({ agent, sinks }: Config): Check[] {
  const files = sinks.flatMap((sink): Check[] => {
    if (sink.type !== 'file') return [];
    const { path, keepBytes } = sink.settings;
    return [checkFolder({ name: `sink ${sink.name}`, path, rules: EVENT_FOLDER_RULES, keepBytes })];
  });
  return [examineDataDir(agent.dataDir), ...files];
}

/** One line: for the folder, or for the first one in it that is not as it must be. */
function examineDataDir(path: string): Check {
  const checkOne = (at: string, rules: FolderRules): Check => checkFolder({ name: 'data_dir', path: at, rules, keepBytes: 0 });
  const whole = checkOne(path, DATA_DIR_RULES);
  if (whole.status === 'failed') return whole;
  const inner = innerFolders(path).map((folder) => checkOne(folder, INNER_FOLDER_RULES));
  return inner.find(({ status }) => status === 'failed') ?? whole;
}
