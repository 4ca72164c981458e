/* Records of what a process used, made at its end. */
#ifndef FORKCAST_EXIT_H
#define FORKCAST_EXIT_H
#include "put.h"

/*
 * What a task has run for is brought up to date at ticks and switches only: of a process that lives for less than a tick nothing may be there at its exit. What is
 * missing has run since `exec_start`, but by the clock of the scheduler, which differs from CPU to CPU and leaves out stolen time. At a switch that clock has just
 * been read for the task that is to run, so each one tells how far it is behind.
 */
SEC("raw_tracepoint/sched_switch")
int on_switch(struct raw_tracepoint *of) {
  struct task_struct *next = (void *)of->args[2];
  u64 *behind = bpf_map_lookup_elem(&scheduler_clocks, ONLY);
  if (behind) *behind = bpf_ktime_get_ns() - BPF_CORE_READ(next, se.exec_start);
  return 0;
}

static __always_inline void add_task(struct exit_record *record, struct task_struct *task) {
  record->user += BPF_CORE_READ(task, utime);
  record->system += BPF_CORE_READ(task, stime);
  record->voluntary += BPF_CORE_READ(task, nvcsw);
  record->involuntary += BPF_CORE_READ(task, nivcsw);
  if (bpf_core_field_exists(task->ioac.read_bytes)) {
    record->read_bytes += BPF_CORE_READ(task, ioac.read_bytes);
    record->write_bytes += BPF_CORE_READ(task, ioac.write_bytes);
  }
}

static __always_inline void add_current(struct exit_record *record, struct task_struct *task) {
  u64 *behind = bpf_map_lookup_elem(&scheduler_clocks, ONLY);
  s64 running = 0;
  if (behind && *behind) running = record->head.stamp - *behind - BPF_CORE_READ(task, se.exec_start);
  else record->head.flags |= SLICE_MISSING;
  add_task(record, task);
  record->total += BPF_CORE_READ(task, se.sum_exec_runtime) + (running > 0 ? running : 0); /* brought up to date just now: it may be some ns off */
}

/* Of threads that are gone altogether. */
static __always_inline void add_group(struct exit_record *record, struct signal_struct *signal) {
  record->user += BPF_CORE_READ(signal, utime);
  record->system += BPF_CORE_READ(signal, stime);
  record->total += BPF_CORE_READ(signal, sum_sched_runtime);
  record->voluntary += BPF_CORE_READ(signal, nvcsw);
  record->involuntary += BPF_CORE_READ(signal, nivcsw);
  if (bpf_core_field_exists(signal->ioac.read_bytes)) {
    record->read_bytes += BPF_CORE_READ(signal, ioac.read_bytes);
    record->write_bytes += BPF_CORE_READ(signal, ioac.write_bytes);
  }
  record->max_pages = BPF_CORE_READ(signal, maxrss);
}

#define MAX_THREADS 64

/* A leader that went before its threads, and threads that are just about to go, are not in the group's sums yet. */
static __always_inline void add_others(struct exit_record *record, struct signal_struct *signal, struct task_struct *last) {
  struct list_head *end = (void *)signal + bpf_core_field_offset(struct signal_struct, thread_head), *at = BPF_CORE_READ(signal, thread_head.next);
  for (int i = 0; i < MAX_THREADS && at != end; i++) {
    struct task_struct *other = (void *)at - bpf_core_field_offset(struct task_struct, thread_node);
    if (other != last) {
      add_task(record, other);
      record->total += BPF_CORE_READ(other, se.sum_exec_runtime);
      record->threads_left++;
    }
    at = BPF_CORE_READ(other, thread_node.next);
  }
  if (at != end) record->head.flags |= THREADS_UNCOUNTED;
}

SEC("raw_tracepoint/sched_process_exit")
int on_exit(struct raw_tracepoint *of) {
  struct task_struct *task = (void *)of->args[0];
  struct signal_struct *signal = BPF_CORE_READ(task, signal);
  struct exit_record record = {};
  if (BPF_CORE_READ(signal, live.counter) != 0) return 0;
  put_head(&record.head, RECORD_EXIT, task);
  record.head.thread = BPF_CORE_READ(task, pid);
  record.status = BPF_CORE_READ(task, exit_code);
  add_group(&record, signal);
  add_current(&record, task);
  if (BPF_CORE_READ(signal, nr_threads) > 1) add_others(&record, signal, task);
  bpf_get_current_comm(record.comm, COMM_BYTES);
  put_minor(&record, sizeof record);
  return 0;
}

#endif
