import type { Config } from '../../config/config.ts';
import type { Feature } from '../../ingest/capture/bpf/programs.ts';
import { TURNED_OFF } from '../../ingest/capture/bpf/unavailable.ts';
import type { ExecCacheTrial, MissingFeature } from '../../ingest/exec-cache-trial.ts';
import { PROC_RACE, RECORD_ROOM, insteadOf } from '../../ingest/proc-connector/describe.ts';
import { ok } from './finding.ts';
import type { Check } from './finding.ts';

type Mode = Config['enrich']['execCache'];

const NAME = 'exec cache';
const SWITCH = 'set enrich.exec_cache to auto';

/** What is not known without it. */
const LACKS: Readonly<Record<Feature, string>> = {
  exec: PROC_RACE,
  fork: 'start times are taken from fork events, which are microseconds late',
  exit: 'exit events say nothing of the time, memory and bytes that the process used',
  cgroups: 'cgroups and containers are read from /proc after the exec: a process that ends first is given those of its parent',
};

/** @param mode what the configuration wants of it */
export function checkExecCache(trial: ExecCacheTrial, mode: Mode): Check {
  if ('reason' in trial) return unavailable(trial.reason, trial.fix, mode);
  const { features, missing } = trial;
  const found = `the kernel records ${features.join(', ')}`;
  if (mode === 'off')
    return { name: NAME, status: 'ok', found: `${found}, if it is asked`, consequence: insteadOf(TURNED_OFF), fix: SWITCH };
  return missing.length === 0 ? ok(NAME, found, RECORD_ROOM) : partial(found, missing);
}

function unavailable(reason: string, fix: string, mode: Mode): Check {
  switch (mode) {
    case 'off':
      return { name: NAME, status: 'ok', found: reason, consequence: insteadOf(TURNED_OFF), fix: `${fix}, and ${SWITCH}` };
    case 'auto':
      return { name: NAME, status: 'degraded', found: insteadOf(reason), consequence: PROC_RACE, fix };
    case 'on':
      return {
        name: NAME,
        status: 'failed',
        found: reason,
        consequence: 'without it the agent does not start',
        fix: `${fix}, or ${SWITCH}`,
      };
  }
}

function partial(found: string, missing: readonly MissingFeature[]): Check {
  return {
    name: NAME,
    status: 'degraded',
    found: `${found}; not ${missing.map(({ feature, reason }) => `${feature}: ${reason}`).join('; not ')}`,
    consequence: missing.map(({ feature }) => LACKS[feature]).join('; '),
    fix: [...new Set(missing.map(({ fix }) => fix))].join('; '),
  };
}
