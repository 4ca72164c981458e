import type { AgentEvent, AgentKind } from '../../core/agent-event.ts';
import type { ProcessEvent, ProcessKind } from '../../core/event.ts';
import { flat } from '../siem/flat.ts';

/** What kind of event OCSF has for it. */
export interface Activity {
  /** `"activity_id":…` and what follows from it, without braces; for versions with and without `launch_type_id`. */
  readonly text: string;
  readonly withLaunchType: string;
  /** Who acted: the parent, the process itself, its tracer, or the agent, which only looked. */
  readonly actor: 'parent' | 'self' | 'tracer' | 'agent';
}

/**
 * Everything that happens to a process is of class 1007, Process Activity, also what it has no activity for: that is 99, Other, with the name
 * of ours. A listing (SNAPSHOT) could be of 5015, Process Query, but whoever rebuilds the processes of a host wants them in one class.
 */
const PROCESS_CLASS = 1007;
const SYSTEM_ACTIVITY = 1;
const OTHER = 99;

function processActivity(id: number, actor: Activity['actor'], { name, launchType }: { name?: string; launchType?: number }): Activity {
  const label = name === undefined ? '' : `"activity_name":"${name}",`;
  const text = flat(
    `"activity_id":${id},${label}"category_uid":${SYSTEM_ACTIVITY},"class_uid":${PROCESS_CLASS},"type_uid":${PROCESS_CLASS * 100 + id},"severity_id":1`,
  );
  return { text, withLaunchType: launchType === undefined ? text : flat(`${text},"launch_type_id":${launchType}`), actor };
}

const ACTIVITIES: Readonly<Record<ProcessKind, Activity>> = {
  UNKNOWN: processActivity(0, 'self', {}),
  FORK: processActivity(1, 'parent', { launchType: 2 }),
  EXEC: processActivity(1, 'parent', { launchType: 3 }),
  EXIT: processActivity(2, 'self', {}),
  UID: processActivity(5, 'self', {}),
  GID: processActivity(OTHER, 'self', { name: 'Set Group ID' }),
  SID: processActivity(OTHER, 'self', { name: 'New Session' }),
  // To attach is to take hold of a process for what is to be done with it.
  PTRACE: processActivity(3, 'tracer', {}),
  COMM: processActivity(OTHER, 'self', { name: 'Set Name' }),
  COREDUMP: processActivity(OTHER, 'self', { name: 'Core Dump' }),
  SNAPSHOT: processActivity(OTHER, 'agent', { name: 'Snapshot' }),
};
const THREAD_FORK = processActivity(OTHER, 'self', { name: 'Thread Fork' });
const THREAD_EXIT = processActivity(OTHER, 'self', { name: 'Thread Exit' });
const DETACH = processActivity(OTHER, 'tracer', { name: 'Detach' });

export function activityOf({ kind, process, fork, ptrace }: ProcessEvent): Activity {
  if (process.tid !== null || fork?.is_thread === true) {
    if (kind === 'FORK') return THREAD_FORK;
    if (kind === 'EXIT') return THREAD_EXIT;
  }
  if (kind === 'PTRACE' && ptrace !== null && !ptrace.attach) return DETACH;
  return ACTIVITIES[kind];
}

/**
 * The agent's own. START, STOP and RELOAD are what class 6002, Application Lifecycle, speaks of. No class speaks of events that could not be heard,
 * of accounts of deliveries, of summaries or probes: these are base events (class 0), with all they say in `unmapped`. To call them something
 * else would put them among records of another meaning.
 */
function agentActivity(activity: { id: number; name: string; isLifecycle: boolean; severity?: number }): string {
  const { id, name, isLifecycle, severity } = activity;
  const [category, uid] = isLifecycle ? [6, 6002] : [0, 0];
  return `"activity_id":${id},"activity_name":"${name}","category_uid":${category},"class_uid":${uid},"type_uid":${uid * 100 + id},"severity_id":${
    severity ?? 1
  }`;
}

const AGENT_ACTIVITIES: Readonly<Record<AgentKind, string>> = {
  UNKNOWN: agentActivity({ id: 0, name: 'Unknown', isLifecycle: false }),
  START: agentActivity({ id: 3, name: 'Start', isLifecycle: true }),
  SNAPSHOT: agentActivity({ id: OTHER, name: 'Snapshot', isLifecycle: false }),
  // Medium: somebody should look, for what is not known may be anything.
  GAP: agentActivity({ id: OTHER, name: 'Gap', isLifecycle: false, severity: 3 }),
  CHECKPOINT: agentActivity({ id: OTHER, name: 'Checkpoint', isLifecycle: false }),
  THROTTLE: agentActivity({ id: OTHER, name: 'Throttle', isLifecycle: false }),
  CANARY: agentActivity({ id: OTHER, name: 'Canary', isLifecycle: false }),
  RELOAD: agentActivity({ id: OTHER, name: 'Reload', isLifecycle: true }),
  STOP: agentActivity({ id: 4, name: 'Stop', isLifecycle: true }),
};

export const agentActivityOf = ({ kind }: AgentEvent): string => AGENT_ACTIVITIES[kind];

export const isLifecycle = ({ kind }: AgentEvent): boolean => kind === 'START' || kind === 'STOP' || kind === 'RELOAD';
