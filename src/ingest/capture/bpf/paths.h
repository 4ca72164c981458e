/*
 * The path of a file as d_path() of the kernel gives it, up to the root of its mount namespace: names from the last to the first. No lock is held: a rename
 * in the same microsecond can mix old names with new ones. bpf_d_path() would hold it, and is not there for raw tracepoints.
 */
#ifndef FORKCAST_PATHS_H
#define FORKCAST_PATHS_H
#include "maps.h"

/* Names and mount points together. */
#define MAX_STEPS 64
#define NAME_BYTES 256

enum { PATH_DELETED = 1, PATH_PSEUDO = 2, PATH_CUT = 4 };

static __always_inline struct mount *mount_of(struct vfsmount *mnt) {
  return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline u32 marks_of(struct dentry *dentry, struct dentry *parent) {
  return BPF_CORE_READ(dentry, d_hash.pprev) == 0 && dentry != parent ? PATH_DELETED : 0;
}

/*
 * Puts the path at `at` of the exec record's text. Returns where it ends, and above that PATH_*.
 * Not static: such a function is verified once, for any arguments; its loop once for each call site, and for each way in which another one may have ended, is
 * more than the verifier looks at.
 */
__noinline u64 put_path(u32 at, u64 address) {
  struct path *path = (void *)address;
  struct dentry *dentry = BPF_CORE_READ(path, dentry), *root, *parent;
  struct mount *mount = mount_of(BPF_CORE_READ(path, mnt)), *above;
  struct exec_record *record = bpf_map_lookup_elem(&exec_scratch, ONLY);
  u64 marks = marks_of(dentry, BPF_CORE_READ(dentry, d_parent));
  long bytes;
  if (!record) return 0;

  root = BPF_CORE_READ(mount, mnt.mnt_root);
  for (int step = 0; step < MAX_STEPS; step++) {
    if (dentry == root) {
      above = BPF_CORE_READ(mount, mnt_parent);
      if (above == mount) return marks << 32 | at;
      dentry = BPF_CORE_READ(mount, mnt_mountpoint);
      mount = above;
      root = BPF_CORE_READ(mount, mnt.mnt_root);
      continue;
    }
    if (at > STRINGS_BYTES - NAME_BYTES) break;
    bytes = bpf_probe_read_kernel_str(record->text + at, NAME_BYTES, BPF_CORE_READ(dentry, d_name.name));
    if (bytes <= 1 || bytes > NAME_BYTES) break;
    at += bytes;
    parent = BPF_CORE_READ(dentry, d_parent);
    if (parent == dentry) return (marks | PATH_PSEUDO) << 32 | at;
    dentry = parent;
  }
  return (marks | PATH_CUT) << 32 | at;
}

#endif
