/*
 * The records of records.h, as user space reads them: offsets in bytes from the begin of a record, which is 8-byte aligned. Keep both in step; a test on the
 * live kernel compares what is read with what is known.
 */
export const RecordType = { FORK: 1, EXEC: 2, EXIT: 3, TAIL: 4, CGROUP_MADE: 5, CGROUP_RENAMED: 6, CGROUP_RELEASED: 7, MOVE: 8 } as const;

export const ForkFlag = { SAME_CGROUPS: 1 } as const;
export const ExitFlag = { SLICE_MISSING: 1, THREADS_UNCOUNTED: 2 } as const;
export const MoveFlag = { WHOLE_GROUP: 1 } as const;
export const ExecFlag = {
  EXE_DELETED: 0x01,
  EXE_PSEUDO: 0x02,
  EXE_CUT: 0x04,
  CWD_DELETED: 0x08,
  CWD_CUT: 0x10,
  ARGS_FAULT: 0x20,
  ARGS_TAIL: 0x40,
  TAIL_LOST: 0x80,
  FILENAME_CUT: 0x100,
} as const;

/** Places of `wanted_hierarchies`, by what /proc/<pid>/cgroup calls them. */
export const HIERARCHIES = ['', 'name=systemd', 'pids', 'memory', 'cpu'] as const;

export const Head = { TYPE: 0, FLAGS: 2, TGID: 4, STAMP: 8, START_BOOT: 16, START_MONOTONIC: 24, PARENT: 32, THREAD: 36 } as const;
/** Of FORK and EXEC. */
export const CGROUPS_AT = 40;

export const FORK_BYTES = 80;

export const Exec = {
  UID: 80,
  GID: 84,
  EUID: 88,
  EGID: 92,
  CAPABILITIES: 96,
  LOGIN_UID: 104,
  AUDIT_SESSION: 108,
  GROUP: 112,
  SESSION: 116,
  TERMINAL: 120,
  NS_PID: 124,
  PID_NS: 128,
  EXE_MODE: 132,
  EXE_INODE: 136,
  EXE_MTIME: 144,
  EXE_DEVICE: 152,
  ARGS_TOTAL: 156,
  ARGS_ADDRESS: 160,
  FILENAME_BYTES: 168,
  INTERPRETER_BYTES: 170,
  EXE_BYTES: 172,
  CWD_BYTES: 174,
  ARGS_BYTES: 176,
  /** Zero in the ring; in a capture: where its command line was cut, 0: nowhere. */
  CUT: 180,
  COMM: 184,
} as const;
export const EXEC_FIXED_BYTES = 200;
export const COMM_BYTES = 16;

/** What the programs keep of an argv at most: of its begin, and of its end. */
export const ARGS_HEAD_BYTES = 24 << 10;
export const ARGS_TAIL_BYTES = 8 << 10;

export const Tail = { BYTES: 16, TEXT: 24 } as const;

export const Exit = {
  STATUS: 40,
  THREADS_LEFT: 44,
  USER: 48,
  SYSTEM: 56,
  TOTAL: 64,
  READ_BYTES: 72,
  WRITE_BYTES: 80,
  MAX_PAGES: 88,
  VOLUNTARY: 96,
  INVOLUNTARY: 104,
  COMM: 112,
} as const;
export const EXIT_BYTES = 128;

/** What the programs, and the kernel before them, keep of the path of a cgroup at most, with its NUL. */
export const CGROUP_PATH_BYTES = 1024;
export const Cgroup = { ID: 16, HIERARCHY: 24, PATH_BYTES: 28, CGROUPS: 32, PATH: 72 } as const;

/** .rodata: u32 0 · u32 bytes of an argv that is kept whole · u32 of the head, · u32 of the tail of a longer one. */
export const CONSTANTS_BYTES = 16;
/** .bss: u32 × 5 hierarchies · u32 0 · u64 dropped of `processes` · u64 of `cgroups`. */
export const SHARED_BYTES = 40;
export const DROPPED_PROCESSES_AT = 24;
export const DROPPED_CGROUPS_AT = 32;
export const NO_HIERARCHY = 0xffffffff;
