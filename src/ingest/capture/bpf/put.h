/* How records come into their rings, and what several kinds of them have in common. */
#ifndef FORKCAST_PUT_H
#define FORKCAST_PUT_H
#include "maps.h"

/* Size of a record whose last field holds so many bytes; never more than there is, which the verifier wants to see. */
#define PUT_BYTES(record, last, bytes) at_most(__builtin_offsetof(typeof(*record), last) + (((bytes) + 7) & ~7ull), sizeof *(record))

static __always_inline u64 at_most(u64 bytes, u64 limit) {
  asm volatile("" : "+r"(bytes)); /* or the compiler, which knows better, takes the check away */
  return bytes > limit ? limit : bytes;
}

static __always_inline long put(void *ring, void *record, u64 bytes, u64 *dropped) {
  long refused = bpf_ringbuf_output(ring, record, bytes, BPF_RB_NO_WAKEUP);
  if (refused) __sync_fetch_and_add(dropped, 1);
  return refused;
}

/*
 * Records of forks and exits leave half of the ring to those of execs: what they tell can be derived without them, or is of minor interest, whereas of a
 * process that is gone nothing but its record tells what it ran.
 */
static __always_inline void put_minor(void *record, u64 bytes) {
  if (bpf_ringbuf_query(&processes, BPF_RB_AVAIL_DATA) > bpf_ringbuf_query(&processes, BPF_RB_RING_SIZE) / 2) {
    __sync_fetch_and_add(&shared.dropped_processes, 1);
    return;
  }
  put(&processes, record, bytes, &shared.dropped_processes);
}

#define MAX_MOUNTED 24

static __always_inline void put_cgroups(u64 *ids, struct task_struct *task) {
  struct css_set *set = BPF_CORE_READ(task, cgroups);
  struct list_head *end = (void *)set + bpf_core_field_offset(struct css_set, cgrp_links), *at = BPF_CORE_READ(set, cgrp_links.next);
  for (int place = 0; place < HIERARCHIES; place++) ids[place] = 0;
  for (int i = 0; i < MAX_MOUNTED && at != end; i++) {
    struct cgrp_cset_link *link = (void *)at - bpf_core_field_offset(struct cgrp_cset_link, cgrp_link);
    struct cgroup *cgroup = BPF_CORE_READ(link, cgrp);
    u32 hierarchy = BPF_CORE_READ(cgroup, root, hierarchy_id);
    for (int place = 0; place < HIERARCHIES; place++)
      if (hierarchy == shared.wanted_hierarchies[place]) ids[place] = BPF_CORE_READ(cgroup, kn, id);
    at = BPF_CORE_READ(link, cgrp_link.next);
  }
}

static __always_inline void put_head(struct process_head *head, u16 type, struct task_struct *task) {
  head->stamp = bpf_ktime_get_ns();
  head->type = type;
  head->flags = 0;
  head->tgid = BPF_CORE_READ(task, tgid);
  head->start_boottime = BPF_CORE_READ(task, start_boottime);
  head->start_monotonic = BPF_CORE_READ(task, start_time);
  head->parent = BPF_CORE_READ(task, real_parent, tgid);
}

#endif
