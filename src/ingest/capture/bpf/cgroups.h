/* Records of the life of cgroups and of the processes that are put into them. */
#ifndef FORKCAST_CGROUPS_H
#define FORKCAST_CGROUPS_H
#include "put.h"

static __always_inline struct cgroup_record *new_cgroup_record(u16 type, struct cgroup *cgroup) {
  struct cgroup_record *record = bpf_map_lookup_elem(&cgroup_scratch, ONLY);
  if (!record) return 0;
  record->type = type;
  record->flags = 0;
  record->tgid = 0;
  record->stamp = bpf_ktime_get_ns();
  record->id = BPF_CORE_READ(cgroup, kn, id);
  record->hierarchy = BPF_CORE_READ(cgroup, root, hierarchy_id);
  for (int place = 0; place < HIERARCHIES; place++) record->cgroups[place] = 0;
  return record;
}

static __always_inline int put_cgroup_record(struct cgroup_record *record, const char *path) {
  long bytes = bpf_probe_read_kernel_str(record->path, CGROUP_PATH_BYTES, path);
  record->path_bytes = bytes = bytes < 0 ? 0 : bytes;
  put(&cgroups, record, PUT_BYTES(record, path, bytes), &shared.dropped_cgroups);
  return 0;
}

static __always_inline int on_cgroup(u16 type, struct raw_tracepoint *of) {
  struct cgroup_record *record = new_cgroup_record(type, (void *)of->args[0]);
  return record ? put_cgroup_record(record, (const char *)of->args[1]) : 0;
}

SEC("raw_tracepoint/cgroup_mkdir")
int on_cgroup_mkdir(struct raw_tracepoint *of) {
  return on_cgroup(RECORD_CGROUP_MADE, of);
}

SEC("raw_tracepoint/cgroup_rename")
int on_cgroup_rename(struct raw_tracepoint *of) {
  return on_cgroup(RECORD_CGROUP_RENAMED, of);
}

SEC("raw_tracepoint/cgroup_release")
int on_cgroup_release(struct raw_tracepoint *of) {
  return on_cgroup(RECORD_CGROUP_RELEASED, of);
}

SEC("raw_tracepoint/cgroup_attach_task")
int on_cgroup_attach_task(struct raw_tracepoint *of) {
  struct task_struct *task = (void *)of->args[2];
  struct cgroup_record *record = new_cgroup_record(RECORD_MOVE, (void *)of->args[0]);
  if (!record) return 0;
  record->flags = of->args[3] ? WHOLE_GROUP : 0;
  record->tgid = BPF_CORE_READ(task, tgid);
  put_cgroups(record->cgroups, task);
  return put_cgroup_record(record, (const char *)of->args[1]);
}

#endif
