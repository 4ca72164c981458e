// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * Records of processes, made while they are still there, for the ingest thread. Their layout is in records.h, what is read of the kernel in kernel.h.
 * It takes raw tracepoints and a BPF ring: Linux 5.8 with BTF. Nobody is woken: the reader comes by itself, after events.
 *
 * sched_process_exec fires right before the process connector reports the exec, so the record is there when the EXEC is heard, and
 * sched_process_exit likewise; sched_process_fork fires right after the FORK was reported.
 *
 * scripts/build-bpf.mjs compiles it; the object beside it is what is shipped.
 */
#include "cgroups.h"
#include "exit.h"
#include "paths.h"
#include "put.h"

char LICENSE[] SEC("license") = "GPL"; /* the helpers that read memory are for such programs only */

SEC("raw_tracepoint/sched_process_fork")
int on_fork(struct raw_tracepoint *of) {
  struct task_struct *parent = (void *)of->args[0], *child = (void *)of->args[1];
  struct fork_record record = {};
  if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid)) return 0;
  put_head(&record.head, RECORD_FORK, child);
  record.head.thread = BPF_CORE_READ(parent, pid);
  if (BPF_CORE_READ(child, cgroups) == BPF_CORE_READ(child, real_parent, cgroups)) record.head.flags = SAME_CGROUPS;
  else put_cgroups(record.cgroups, child);
  put_minor(&record, sizeof record);
  return 0;
}

static __always_inline void put_ids(struct exec_record *record, struct task_struct *task) {
  const struct cred *cred = BPF_CORE_READ(task, cred);
  record->uid = BPF_CORE_READ(cred, uid.val);
  record->gid = BPF_CORE_READ(cred, gid.val);
  record->euid = BPF_CORE_READ(cred, euid.val);
  record->egid = BPF_CORE_READ(cred, egid.val);
  record->capabilities = BPF_CORE_READ(cred, cap_effective.val);
  record->login_uid = bpf_core_field_exists(task->loginuid) ? BPF_CORE_READ(task, loginuid.val) : -1;
  record->audit_session = bpf_core_field_exists(task->sessionid) ? BPF_CORE_READ(task, sessionid) : -1;
}

/* new_encode_dev() of linux/kdev_t.h */
static __always_inline u32 terminal_of(struct signal_struct *signal) {
  struct tty_struct *tty = BPF_CORE_READ(signal, tty);
  u32 major, minor;
  if (!tty) return 0;
  major = BPF_CORE_READ(tty, driver, major);
  minor = BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index);
  return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

static __always_inline void put_standing(struct exec_record *record, struct task_struct *task) {
  struct signal_struct *signal = BPF_CORE_READ(task, signal);
  struct pid *own = BPF_CORE_READ(task, thread_pid);
  struct upid inner = {};
  u32 level = BPF_CORE_READ(own, level);
  record->group = BPF_CORE_READ(signal, pids[PIDTYPE_PGID], numbers[0].nr);
  record->session = BPF_CORE_READ(signal, pids[PIDTYPE_SID], numbers[0].nr);
  record->terminal = terminal_of(signal);
  bpf_probe_read_kernel(&inner, sizeof inner, (void *)own + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid));
  record->ns_pid = inner.nr;
  record->pid_ns = BPF_CORE_READ(inner.ns, ns.inum);
}

static __always_inline u64 mtime_of(struct inode *inode) {
  struct inode___6_7 *inode_6_7 = (void *)inode;
  struct inode___old *old = (void *)inode;
  if (bpf_core_field_exists(inode->i_mtime_sec)) return BPF_CORE_READ(inode, i_mtime_sec) * 1000000000ull + BPF_CORE_READ(inode, i_mtime_nsec);
  if (bpf_core_field_exists(inode_6_7->__i_mtime))
    return BPF_CORE_READ(inode_6_7, __i_mtime.tv_sec) * 1000000000ull + BPF_CORE_READ(inode_6_7, __i_mtime.tv_nsec);
  return BPF_CORE_READ(old, i_mtime.tv_sec) * 1000000000ull + BPF_CORE_READ(old, i_mtime.tv_nsec);
}

static __always_inline void put_exe(struct exec_record *record, struct file *exe) {
  struct inode *inode = BPF_CORE_READ(exe, f_inode);
  record->exe_inode = BPF_CORE_READ(inode, i_ino);
  record->exe_mode = BPF_CORE_READ(inode, i_mode);
  record->exe_device = BPF_CORE_READ(inode, i_sb, s_dev);
  record->exe_mtime = mtime_of(inode);
}

/* Bytes of a string with its NUL, put at `at`. */
static __always_inline u32 put_string(char *text, u32 at, const char *string, u32 room) {
  long bytes;
  if (at > FILENAME_BYTES) return 0;
  bytes = bpf_probe_read_kernel_str(text + at, room, string);
  return bytes < 0 || bytes > room ? 0 : bytes;
}

/* filename, interpreter, exe, cwd; returns where they end. */
static __always_inline u32 put_strings(struct exec_record *record, struct task_struct *task, struct linux_binprm *binary) {
  const char *filename = BPF_CORE_READ(binary, filename), *interpreter = BPF_CORE_READ(binary, interp);
  struct file *exe = BPF_CORE_READ(task, mm, exe_file);
  struct fs_struct *fs = BPF_CORE_READ(task, fs);
  u32 at, marks;
  u64 end;
  record->filename_bytes = at = put_string(record->text, 0, filename, FILENAME_BYTES);
  if (at == FILENAME_BYTES) record->head.flags |= FILENAME_CUT;
  record->interpreter_bytes = 0;
  if (interpreter != filename) at += record->interpreter_bytes = put_string(record->text, at, interpreter, NAME_BYTES);
  put_exe(record, exe);
  end = put_path(at, (u64)exe + bpf_core_field_offset(struct file, f_path));
  marks = end >> 32;
  record->head.flags |= (marks & PATH_DELETED ? EXE_DELETED : 0) | (marks & PATH_PSEUDO ? EXE_PSEUDO : 0) | (marks & PATH_CUT ? EXE_CUT : 0);
  record->exe_bytes = (u32)end - at;
  at = (u32)end;
  end = put_path(at, (u64)fs + bpf_core_field_offset(struct fs_struct, pwd));
  marks = end >> 32;
  record->head.flags |= (marks & PATH_DELETED ? CWD_DELETED : 0) | (marks & (PATH_CUT | PATH_PSEUDO) ? CWD_CUT : 0);
  record->cwd_bytes = (u32)end - at;
  return (u32)end;
}

/* The end of an argv of which `from` bytes are kept at its begin; before its EXEC, so that who finds that one finds both. */
static __always_inline u16 put_tail(struct exec_record *record, u64 from, u64 end) {
  struct tail_record *tail = bpf_map_lookup_elem(&tail_scratch, ONLY);
  u64 bytes = end - from;
  if (!tail) return TAIL_LOST;
  if (bytes > constants.args_tail_bytes) bytes = constants.args_tail_bytes;
  if (bytes > ARGS_TAIL_BYTES) bytes = ARGS_TAIL_BYTES;
  if (bpf_probe_read_user(tail->text, bytes, (void *)(end - bytes))) return TAIL_LOST;
  tail->type = RECORD_TAIL;
  tail->flags = 0;
  tail->tgid = record->head.tgid;
  tail->stamp = record->head.stamp;
  tail->bytes = bytes;
  tail->zero = 0;
  return put(&processes, tail, PUT_BYTES(tail, text, bytes), &shared.dropped_processes) ? TAIL_LOST : ARGS_TAIL;
}

/* Returns where argv ends in the text. */
static __always_inline u32 put_args(struct exec_record *record, struct task_struct *task, u32 at) {
  struct mm_struct *mm = BPF_CORE_READ(task, mm);
  u64 start = BPF_CORE_READ(mm, arg_start), end = BPF_CORE_READ(mm, arg_end), bytes = end - start;
  record->args_address = start;
  record->args_total = bytes;
  record->args_bytes = 0;
  if (bytes > constants.args_whole_bytes) bytes = constants.args_head_bytes;
  if (bytes > ARGS_HEAD_BYTES) bytes = ARGS_HEAD_BYTES;
  if (at > STRINGS_BYTES) return 0;
  if (bpf_probe_read_user(record->text + at, bytes, (void *)start)) {
    record->head.flags |= ARGS_FAULT;
    return at;
  }
  record->args_bytes = bytes;
  if (start + bytes < end) record->head.flags |= put_tail(record, start + bytes, end);
  return at + bytes;
}

SEC("raw_tracepoint/sched_process_exec")
int on_exec(struct raw_tracepoint *of) {
  struct task_struct *task = (void *)of->args[0];
  struct exec_record *record = bpf_map_lookup_elem(&exec_scratch, ONLY);
  u32 bytes;
  if (!record) return 0;
  put_head(&record->head, RECORD_EXEC, task);
  record->head.thread = of->args[1];
  record->zero = 0;
  put_cgroups(record->cgroups, task);
  put_ids(record, task);
  put_standing(record, task);
  bpf_get_current_comm(record->comm, COMM_BYTES);
  bytes = put_strings(record, task, (void *)of->args[2]);
  bytes = put_args(record, task, bytes);
  put(&processes, record, PUT_BYTES(record, text, bytes), &shared.dropped_processes);
  return 0;
}
