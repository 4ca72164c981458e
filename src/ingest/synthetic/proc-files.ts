/** `/proc` files as Linux 6.18 prints them, with what differs between processes filled in. */
import type { Capture } from '../../core/kernel-event.ts';

export interface ProcessFacts {
  readonly pid: number;
  readonly ppid: number;
  readonly comm: string;
  readonly exe: string;
  readonly argv: readonly string[];
  readonly uid: number;
  readonly startTicks: number;
  readonly cgroup: string;
}

const STATUS_BETWEEN = `FDSize:	64
Groups:	\u0020
`;
const STATUS_AFTER = `Kthread:	0
VmPeak:	    3840 kB
VmSize:	    3840 kB
VmLck:	       0 kB
VmPin:	       0 kB
VmHWM:	    2156 kB
VmRSS:	    2156 kB
RssAnon:	     156 kB
RssFile:	    2000 kB
RssShmem:	       0 kB
VmData:	     240 kB
VmStk:	     132 kB
VmExe:	      80 kB
VmLib:	    2084 kB
VmPTE:	      48 kB
VmSwap:	       0 kB
HugetlbPages:	       0 kB
CoreDumping:	0
THP_enabled:	1
Threads:	1
SigQ:	0/96365
SigPnd:	0000000000000000
ShdPnd:	0000000000000000
SigBlk:	0000000000000000
SigIgn:	0000000000000000
SigCgt:	0000000000000000
CapInh:	0000000000000000
CapPrm:	000001fffeffffff
CapEff:	000001fffeffffff
CapBnd:	000001fffeffffff
CapAmb:	0000000000000000
NoNewPrivs:	0
Seccomp:	0
Seccomp_filters:	0
Cpus_allowed:	3
Cpus_allowed_list:	0-1
Mems_allowed_list:	0
voluntary_ctxt_switches:	1
nonvoluntary_ctxt_switches:	0
`;
const NOBODY_LOGGED_IN = Buffer.from('4294967295');
const CWD = Buffer.from('/srv/app');

export interface CaptureLimits {
  /** From the kernel's stamp to the end of the capture. */
  readonly delayUs: number;
  readonly maxArgsBytes: number;
}

export function captureOf(facts: ProcessFacts, { delayUs, maxArgsBytes }: CaptureLimits): Capture {
  const cmdline = Buffer.from(`${facts.argv.join('\0')}\0`);
  return {
    delayUs,
    cmdline: cmdline.length > maxArgsBytes ? cmdline.subarray(0, maxArgsBytes) : cmdline,
    cmdlineBytes: cmdline.length,
    exe: Buffer.from(facts.exe),
    cwd: CWD,
    stat: Buffer.from(statLine(facts)),
    status: Buffer.from(statusText(facts)),
    cgroup: Buffer.from(`0::${facts.cgroup}\n`),
    loginuid: NOBODY_LOGGED_IN,
  };
}

const ENOENT = 2;
const ESRCH = 3;

/** Of a process that was gone when its first file was opened. */
export function captureOfNobody(delayUs: number): Capture {
  return { delayUs, cmdline: ENOENT, cmdlineBytes: 0, exe: ESRCH, cwd: ESRCH, stat: ESRCH, status: ESRCH, cgroup: ESRCH, loginuid: ESRCH };
}

function statLine({ pid, ppid, comm, startTicks }: ProcessFacts): string {
  const head = `${pid} (${comm}) R ${ppid} ${ppid} ${ppid} 0 -1 4194304 99 0 0 0 0 0 0 0 20 0 1 0 ${startTicks} 3133440 383`;
  return `${head} 18446744073709551615 94228560744448 94228560764329 140736648450608 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 94228560780336 0 0 0 0 0 0 0\n`;
}

function statusText({ pid, ppid, comm, uid }: ProcessFacts): string {
  const ids = `Uid:\t${uid}\t${uid}\t${uid}\t${uid}\nGid:\t${uid}\t${uid}\t${uid}\t${uid}\n`;
  const spaces = `NStgid:\t${pid}\nNSpid:\t${pid}\nNSpgid:\t${ppid}\nNSsid:\t${ppid}\n`;
  return `Name:\t${comm}\nUmask:\t0022\nState:\tR (running)\nTgid:\t${pid}\nNgid:\t0\nPid:\t${pid}\nPPid:\t${ppid}\nTracerPid:\t0\n${ids}${STATUS_BETWEEN}${spaces}${STATUS_AFTER}`;
}
