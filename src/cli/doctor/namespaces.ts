import type { HostFiles } from '../host-files.ts';
import { TIME_OFFSETS_PATH, monotonicShift } from '../../core/time-namespace.ts';
import { ok } from './finding.ts';
import type { Check } from './finding.ts';

/**
 * Inode numbers of the initial namespaces, fixed in the kernel (PROC_*_INIT_INO of linux/proc_ns.h). The one of the network
 * namespace is fixed since 6.18 only, but nothing else ever had that number.
 */
const INITIAL = { pid: 4026531836, user: 4026531837, net: 4026531833 } as const;
type Kind = keyof typeof INITIAL;

const WITHOUT: Readonly<Record<Kind, readonly [consequence: string, fix: string]>> = {
  pid: ['the kernel ignores listeners outside the initial pid namespace', 'run the agent on the host, or its container with --pid=host'],
  user: [
    'the kernel ignores listeners outside the initial user namespace',
    'run the agent on the host, or its container with --userns=host and not rootless',
  ],
  net: [
    'the process connector answers in the initial network namespace only, which the agent enters where it may',
    'grant CAP_SYS_ADMIN and CAP_SYS_PTRACE, or run the agent on the host, or its container with --network=host',
  ],
};

/** @param fallback what the configuration wants where the kernel cannot be heard: with `scan` another namespace costs much, but not all */
export function checkNamespaces(files: HostFiles, fallback: 'scan' | 'none'): Check[] {
  const kinds = (['pid', 'user', 'net'] as const).map((kind) => checkNamespace(kind, files));
  const found = kinds.map((check): Check => (check.status === 'failed' && fallback === 'scan' ? asDegraded(check) : check));
  return [...found, ...checkTime(files)];
}

function asDegraded({ name, found, consequence, fix }: Check): Check {
  return { name, status: 'degraded', found, consequence, fix };
}

/** Said only where it matters: hardly anybody has one. */
function checkTime(files: HostFiles): Check[] {
  const shift = monotonicShift(files.text(TIME_OFFSETS_PATH));
  if (shift === 0) return [];
  const consequence = 'the kernel stamps events by the clock of the initial time namespace: their times are off by as much';
  return [{ name: 'time namespace', status: 'degraded', found: `shifted by ${shift} s`, consequence, fix: 'run the agent outside of it' }];
}

function checkNamespace(kind: Kind, files: HostFiles): Check {
  const name = `${kind} namespace`;
  const own = inode(files.link(`/proc/self/ns/${kind}`));
  if (own === undefined)
    return {
      name,
      status: 'degraded',
      found: `/proc/self/ns/${kind} cannot be read`,
      consequence: 'whether it is the initial one is not known',
      fix: 'mount /proc',
    };
  if (own === INITIAL[kind]) return ok(name, 'the initial one');
  if (kind === 'net') return checkNetByNeighbour(own, files);
  return notInitial(kind, own);
}

/** Before 6.18 its number says nothing; then it is the initial one if the first process of the machine is in it. */
function checkNetByNeighbour(own: number, files: HostFiles): Check {
  const first = inode(files.link('/proc/1/ns/net'));
  const first1IsOfTheMachine = inode(files.link('/proc/self/ns/pid')) === INITIAL.pid;
  if (first === undefined || !first1IsOfTheMachine)
    return ok('net namespace', 'cannot be told without root', 'what counts is the line process events');
  return first === own ? ok('net namespace', 'that of process 1') : notInitial('net', own);
}

function notInitial(kind: Kind, own: number): Check {
  const [consequence, fix] = WITHOUT[kind];
  return { name: `${kind} namespace`, status: 'failed', found: `not the initial one (${kind}:[${own}])`, consequence, fix };
}

function inode(link: string | undefined): number | undefined {
  const [, digits] = /\[(\d+)\]$/.exec(link ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
}
