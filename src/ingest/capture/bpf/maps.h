/* The memory of the programs. */
#ifndef FORKCAST_MAPS_H
#define FORKCAST_MAPS_H
#include "records.h"

/* Sizes are set before loading. */
#define RING(name, bytes)               \
  struct {                              \
    __uint(type, BPF_MAP_TYPE_RINGBUF); \
    __uint(max_entries, bytes);         \
  } name SEC(".maps")

/* Apart, so that a storm of execs cannot crowd out what is rare and never told again. */
RING(processes, 4 << 20);
RING(cgroups, 256 << 10);

#define PER_CPU(name, value_type)            \
  struct {                                   \
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); \
    __uint(max_entries, 1);                  \
    __type(key, u32);                        \
    __type(value, value_type);               \
  } name SEC(".maps")

/* No two programs share one: the kernel does not run a program again on a CPU on which it is running, but it may run another. */
PER_CPU(exec_scratch, struct exec_record);
PER_CPU(tail_scratch, struct tail_record);
PER_CPU(cgroup_scratch, struct cgroup_record);
/* What the clock of the scheduler is behind CLOCK_MONOTONIC by, ns. */
PER_CPU(scheduler_clocks, u64);

/* .rodata, set before loading. Of an argv longer than `whole`, `head` bytes of its begin and `tail` bytes of its end are kept. */
const volatile struct {
  u32 only_key, args_whole_bytes, args_head_bytes, args_tail_bytes;
} constants = { 0, ARGS_HEAD_BYTES + ARGS_TAIL_BYTES, ARGS_HEAD_BYTES, ARGS_TAIL_BYTES };
#define ONLY ((const void *)&constants.only_key)

/* .bss, shared with user space, which writes the former and reads the latter at any time. */
struct {
  u32 wanted_hierarchies[HIERARCHIES], zero; /* ids, 0 is the unified one; UINT32_MAX: none */
  u64 dropped_processes, dropped_cgroups;    /* records that found no room */
} shared;

#endif
