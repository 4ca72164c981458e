/*
 * What the programs read of the kernel: single fields of its structs, found in the running kernel's BTF when the programs are loaded (CO-RE), so that no
 * header of any one kernel is needed. A suffix after three underscores names a version of a struct whose fields have moved since.
 */
#ifndef FORKCAST_KERNEL_H
#define FORKCAST_KERNEL_H

typedef signed char s8;
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;

/* Names that bpf_helpers.h expects of linux/types.h. */
typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s32 __s32;
typedef s64 __s64;
typedef u16 __be16;
typedef u32 __be32;
typedef u32 __wsum;

/* linux/bpf.h */
enum { BPF_MAP_TYPE_PERCPU_ARRAY = 6, BPF_MAP_TYPE_RINGBUF = 27 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_AVAIL_DATA = 0, BPF_RB_RING_SIZE = 1 };

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define FIELDS_OF_THE_KERNEL __attribute__((preserve_access_index))

struct list_head {
  struct list_head *next;
} FIELDS_OF_THE_KERNEL;

typedef struct {
  int counter;
} atomic_t;

typedef struct {
  u32 val;
} kuid_t;

typedef struct {
  u32 val;
} kgid_t;

/* ---- cgroups ---- */
struct kernfs_node {
  u64 id;
} FIELDS_OF_THE_KERNEL;

struct cgroup_root {
  int hierarchy_id;
} FIELDS_OF_THE_KERNEL;

struct cgroup {
  struct kernfs_node *kn;
  struct cgroup_root *root;
} FIELDS_OF_THE_KERNEL;

struct cgrp_cset_link {
  struct cgroup *cgrp;
  struct list_head cgrp_link;
} FIELDS_OF_THE_KERNEL;

struct css_set {
  struct list_head cgrp_links;
} FIELDS_OF_THE_KERNEL;

/* ---- files ---- */
struct qstr {
  const unsigned char *name;
} FIELDS_OF_THE_KERNEL;

struct hlist_bl_node {
  struct hlist_bl_node **pprev;
} FIELDS_OF_THE_KERNEL;

struct dentry {
  struct hlist_bl_node d_hash;
  struct dentry *d_parent;
  struct qstr d_name;
} FIELDS_OF_THE_KERNEL;

struct vfsmount {
  struct dentry *mnt_root;
} FIELDS_OF_THE_KERNEL;

struct mount {
  struct mount *mnt_parent;
  struct dentry *mnt_mountpoint;
  struct vfsmount mnt;
} FIELDS_OF_THE_KERNEL;

struct path {
  struct vfsmount *mnt;
  struct dentry *dentry;
} FIELDS_OF_THE_KERNEL;

struct super_block {
  u32 s_dev;
} FIELDS_OF_THE_KERNEL;

struct timespec64 {
  s64 tv_sec;
  long tv_nsec;
} FIELDS_OF_THE_KERNEL;

struct inode {
  u16 i_mode;
  unsigned long i_ino;
  struct super_block *i_sb;
  s64 i_mtime_sec;
  u32 i_mtime_nsec;
} FIELDS_OF_THE_KERNEL;

/* 6.7 to 6.10 */
struct inode___6_7 {
  struct timespec64 __i_mtime;
} FIELDS_OF_THE_KERNEL;

/* before 6.7 */
struct inode___old {
  struct timespec64 i_mtime;
} FIELDS_OF_THE_KERNEL;

struct file {
  struct path f_path;
  struct inode *f_inode;
} FIELDS_OF_THE_KERNEL;

struct fs_struct {
  struct path pwd;
} FIELDS_OF_THE_KERNEL;

/* ---- tasks ---- */
struct mm_struct {
  struct file *exe_file;
  unsigned long arg_start, arg_end;
} FIELDS_OF_THE_KERNEL;

struct linux_binprm {
  const char *filename;
  const char *interp;
} FIELDS_OF_THE_KERNEL;

struct ns_common {
  u32 inum;
} FIELDS_OF_THE_KERNEL;

struct pid_namespace {
  struct ns_common ns;
} FIELDS_OF_THE_KERNEL;

struct upid {
  int nr;
  struct pid_namespace *ns;
} FIELDS_OF_THE_KERNEL;

struct pid {
  u32 level;
  struct upid numbers[1];
} FIELDS_OF_THE_KERNEL;

/* linux/pid.h, since 4.19 */
enum { PIDTYPE_PGID = 2, PIDTYPE_SID = 3, PIDTYPE_MAX = 4 };

struct tty_driver {
  int major, minor_start;
} FIELDS_OF_THE_KERNEL;

struct tty_struct {
  struct tty_driver *driver;
  int index;
} FIELDS_OF_THE_KERNEL;

/* Two u32 before 6.3, one u64 since; on little endian the bytes are the same. */
typedef struct {
  u64 val;
} kernel_cap_t;

struct cred {
  kuid_t uid, euid;
  kgid_t gid, egid;
  kernel_cap_t cap_effective;
} FIELDS_OF_THE_KERNEL;

struct task_io_accounting {
  u64 read_bytes, write_bytes;
} FIELDS_OF_THE_KERNEL;

struct sched_entity {
  u64 exec_start, sum_exec_runtime;
} FIELDS_OF_THE_KERNEL;

struct signal_struct {
  atomic_t live;
  int nr_threads;
  struct list_head thread_head;
  struct pid *pids[PIDTYPE_MAX];
  struct tty_struct *tty;
  u64 utime, stime;
  unsigned long long sum_sched_runtime;
  unsigned long nvcsw, nivcsw, maxrss;
  struct task_io_accounting ioac;
} FIELDS_OF_THE_KERNEL;

struct task_struct {
  struct mm_struct *mm;
  struct task_struct *real_parent;
  int pid, tgid;
  u64 start_time, start_boottime;
  u64 utime, stime;
  unsigned long nvcsw, nivcsw;
  int exit_code;
  const struct cred *cred;
  struct fs_struct *fs;
  struct pid *thread_pid;
  struct css_set *cgroups;
  struct signal_struct *signal;
  struct sched_entity se;
  struct list_head thread_node;
  struct task_io_accounting ioac;
  kuid_t loginuid;
  unsigned int sessionid;
} FIELDS_OF_THE_KERNEL;

struct raw_tracepoint {
  u64 args[4];
};

#endif
