/* Records of what a process used, made at its end. */
#ifndef FORKCAST_EXIT_H
#define FORKCAST_EXIT_H
#include "put.h"

/*
 * What a task has run for is brought up to date at ticks and switches only, and by a clock of its CPU: of a process that lives for less than a tick nothing of
 * it may be there at its exit. So each switch notes when a task began to run.
 */
SEC("raw_tracepoint/sched_switch")
int on_switch(struct raw_tracepoint *of) {
  struct task_struct *next = (void *)of->args[2];
  struct slice *slice = bpf_map_lookup_elem(&slices, ONLY);
  if (!slice) return 0;
  slice->task = (u64)next;
  slice->since = bpf_ktime_get_ns();
  slice->before = BPF_CORE_READ(next, se.sum_exec_runtime);
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
  struct slice *slice = bpf_map_lookup_elem(&slices, ONLY);
  add_task(record, task);
  if (slice && slice->task == (u64)task) record->total += slice->before + (record->head.stamp - slice->since);
  else {
    record->total += BPF_CORE_READ(task, se.sum_exec_runtime);
    record->head.flags |= SLICE_MISSING;
  }
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
  put(&processes, &record, sizeof record, &shared.dropped_processes);
  return 0;
}

#endif
