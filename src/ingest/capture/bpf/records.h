/*
 * What the programs write into their rings. Numbers are little endian, offsets in bytes, every record is a multiple of 8 long.
 *
 * Ring `processes`. All begin with
 *    0 u16 type · 2 u16 flags · 4 u32 tgid · 8 u64 stamp, CLOCK_MONOTONIC ns
 * and EXEC, FORK and EXIT go on with
 *   16 u64 start, CLOCK_BOOTTIME ns · 24 u64 start, CLOCK_MONOTONIC ns · 32 u32 tgid of the parent · 36 u32 thread
 *
 *   FORK  thread: who called fork. SAME_CGROUPS: those of its parent (which is not the caller, with CLONE_PARENT), and then the ids are 0
 *         40 u64 × 5 cgroup ids
 *   EXEC  thread: the one that called execve, by its number before
 *         40 u64 × 5 cgroup ids · 80 u32 uid · 84 u32 gid · 88 u32 euid · 92 u32 egid · 96 u64 effective capabilities
 *        104 u32 login uid · 108 u32 audit session · 112 u32 process group · 116 u32 session · 120 u32 terminal, as /proc/<pid>/stat prints it
 *        124 u32 pid in its own namespace · 128 u32 inode of that namespace · 132 u32 mode of the executable · 136 u64 its inode · 144 u64 its mtime, ns
 *        152 u32 its device (major << 20 | minor) · 156 u32 original bytes of argv · 160 u64 address of argv
 *        168 u16 bytes of filename · 170 u16 of interpreter · 172 u16 of exe · 174 u16 of cwd · 176 u32 of argv here · 180 u32 0 · 184 char comm[16]
 *        200 filename · interpreter (of a script; else empty) · exe · cwd · argv, one right after the other
 *         filename and interpreter end with NUL. exe and cwd are names from the last to the first, each ended by NUL: "true\0bin\0usr\0"; none: "/".
 *   TAIL  the end of a long argv, before its EXEC and with its stamp
 *         16 u32 bytes · 20 u32 0 · 24 bytes
 *   EXIT  the last thread's, which `thread` is; before 6.16 two last threads may both see themselves as such: the later one is right
 *         40 u32 wait status · 44 u32 other threads not yet gone · 48 u64 user ns · 56 u64 system ns (both in ticks) · 64 u64 total ns (exact, but for SLICE_MISSING) ·
 *         72 u64 bytes read · 80 u64 bytes written · 88 u64 greatest resident pages · 96 u64 voluntary switches · 104 u64 involuntary · 112 char comm[16]
 *
 * Ring `cgroups`
 *    0 u16 type · 2 u16 flags · 4 u32 tgid (MOVE) · 8 u64 stamp · 16 u64 cgroup id · 24 u32 hierarchy · 28 u32 bytes of path with its NUL
 *   32 u64 × 5 cgroup ids after the move (MOVE) · 72 path within the hierarchy
 *
 * Cgroup ids are kernfs ids, one a place of `wanted_hierarchies`; 0: none there.
 */
#ifndef FORKCAST_RECORDS_H
#define FORKCAST_RECORDS_H
#include "kernel.h"

enum record_type {
  RECORD_FORK = 1,
  RECORD_EXEC = 2,
  RECORD_EXIT = 3,
  RECORD_TAIL = 4,
  RECORD_CGROUP_MADE = 5,
  RECORD_CGROUP_RENAMED = 6,
  RECORD_CGROUP_RELEASED = 7,
  RECORD_MOVE = 8,
};

/* Flags of FORK, of EXIT, of MOVE and of EXEC. */
enum { SAME_CGROUPS = 1 };
enum { SLICE_MISSING = 1, THREADS_UNCOUNTED = 2 };
enum { WHOLE_GROUP = 1 };
enum {
  EXE_DELETED = 0x01,
  EXE_PSEUDO = 0x02, /* no path but a name: a memfd */
  EXE_CUT = 0x04,    /* too deep or too long */
  CWD_DELETED = 0x08,
  CWD_CUT = 0x10,
  ARGS_FAULT = 0x20, /* argv could not be read */
  ARGS_TAIL = 0x40,  /* a TAIL came before */
  TAIL_LOST = 0x80,  /* it found no room, or could not be read */
  FILENAME_CUT = 0x100,
};

#define HIERARCHIES 5
#define COMM_BYTES 16

struct process_head {
  u16 type, flags;
  u32 tgid;
  u64 stamp, start_boottime, start_monotonic;
  u32 parent, thread;
};

struct fork_record {
  struct process_head head;
  u64 cgroups[HIERARCHIES];
};

struct exit_record {
  struct process_head head;
  u32 status, threads_left;
  u64 user, system, total, read_bytes, write_bytes, max_pages, voluntary, involuntary;
  char comm[COMM_BYTES];
};

#define ARGS_HEAD_BYTES (24 << 10)
#define ARGS_TAIL_BYTES (8 << 10)
#define EXEC_FIXED_BYTES 200
/* A per-CPU value has 32 KiB at most. */
#define STRINGS_BYTES (7 << 10)
#define FILENAME_BYTES 2048

struct exec_record {
  struct process_head head;
  u64 cgroups[HIERARCHIES];
  u32 uid, gid, euid, egid;
  u64 capabilities;
  u32 login_uid, audit_session, group, session, terminal, ns_pid, pid_ns, exe_mode;
  u64 exe_inode, exe_mtime;
  u32 exe_device, args_total;
  u64 args_address;
  u16 filename_bytes, interpreter_bytes, exe_bytes, cwd_bytes;
  u32 args_bytes, zero;
  char comm[COMM_BYTES];
  char text[STRINGS_BYTES + ARGS_HEAD_BYTES];
};
_Static_assert(__builtin_offsetof(struct exec_record, text) == EXEC_FIXED_BYTES, "as documented above");

struct tail_record {
  u16 type, flags;
  u32 tgid;
  u64 stamp;
  u32 bytes, zero;
  char text[ARGS_TAIL_BYTES];
};

#define CGROUP_PATH_BYTES 1024

struct cgroup_record {
  u16 type, flags;
  u32 tgid;
  u64 stamp, id;
  u32 hierarchy, path_bytes;
  u64 cgroups[HIERARCHIES];
  char path[CGROUP_PATH_BYTES];
};
_Static_assert(__builtin_offsetof(struct cgroup_record, path) == 72, "as documented above");
_Static_assert(sizeof(struct fork_record) == 80 && sizeof(struct exit_record) == 128, "as documented above");

#endif
