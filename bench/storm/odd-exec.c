/*
 * odd-exec: executes a program in ways that a shell does not.
 *   odd-exec none PROGRAM               without any argument, not even its name
 *   odd-exec bytes PROGRAM HEX…         with these bytes as arguments
 *   odd-exec many PROGRAM COUNT BYTES   with COUNT arguments of BYTES bytes each: "<number>:xxx…"
 *   odd-exec deleted PROGRAM            which is removed first, through a descriptor
 *   odd-exec thread PROGRAM ARG…        from a second thread
 *   odd-exec leader-first PROGRAM …     is no exec: the first thread ends, a second one works for 20 ms of CPU time and ends the process
 *   odd-exec clone-into FOLDER PROGRAM ARG…   in a child that is born in the cgroup of that folder (version 2)
 *   odd-exec clone-parent FOLDER       is no exec: it enters that cgroup, and its own parent gets a child (CLONE_PARENT) that ends at once
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char **arguments;

static int fail(const char *what) {
  perror(what);
  return 69;
}

static int exec_bytes(int count, char **hex) {
  char **argv = calloc((size_t)count + 1, sizeof *argv);
  for (int i = 0; i < count; i++) {
    size_t length = strlen(hex[i]) / 2;
    argv[i] = calloc(1, length + 1);
    for (size_t b = 0; b < length; b++) sscanf(hex[i] + 2 * b, "%2hhx", (unsigned char *)argv[i] + b);
  }
  execv(arguments[2], argv);
  return fail("execv");
}

static int exec_many(int count, size_t bytes) {
  struct rlimit stack = { 64 << 20, 64 << 20 }; /* arguments may have a quarter of it */
  char **argv = calloc((size_t)count + 1, sizeof *argv);
  setrlimit(RLIMIT_STACK, &stack);
  for (int i = 0; i < count; i++) {
    argv[i] = malloc(bytes + 1);
    memset(argv[i], 'x', bytes);
    argv[i][bytes] = 0;
    argv[i][sprintf(argv[i], "%d:", i)] = 'x';
  }
  execv(arguments[2], argv);
  return fail("execv");
}

static int exec_deleted(void) {
  char *argv[] = { "deleted", NULL }, *env[] = { NULL };
  int fd = open(arguments[2], O_RDONLY | O_CLOEXEC);
  if (fd < 0 || unlink(arguments[2]) < 0) return fail(arguments[2]);
  fexecve(fd, argv, env);
  return fail("fexecve");
}

static void *second_thread(void *unused) {
  (void)unused;
  execv(arguments[2], arguments + 2);
  _exit(fail("execv"));
}

static void *work(void *unused) {
  struct timespec t;
  (void)unused;
  do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  while (t.tv_nsec < 20000000);
  return NULL;
}

static int start(void *(*what)(void *)) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, what, NULL) != 0) return fail("pthread_create");
  if (what == work) pthread_exit(NULL);
  pthread_join(thread, NULL);
  return 69;
}

/* struct clone_args, linux/sched.h */
struct clone_request {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};
#define INTO_CGROUP 0x200000000ull

static int clone_into(void) {
  int status, folder = open(arguments[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct clone_request request = { .flags = INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)folder };
  if (folder < 0) return fail(arguments[2]);
  pid_t pid = (pid_t)syscall(435 /* clone3 */, &request, sizeof request);
  if (pid < 0) return fail("clone3");
  if (pid == 0) {
    execv(arguments[3], arguments + 3);
    _exit(fail("execv"));
  }
  printf("%d\n", pid);
  waitpid(pid, &status, 0);
  return status;
}

static int clone_parent(void) {
  struct clone_request request = { .flags = CLONE_PARENT };
  int fd = openat(open(arguments[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC), "cgroup.procs", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, "0", 1) != 1) return fail(arguments[2]);
  pid_t pid = (pid_t)syscall(435 /* clone3 */, &request, sizeof request);
  if (pid < 0) return fail("clone3");
  if (pid == 0) _exit(0);
  printf("%d\n", pid);
  return 0;
}

int main(int argc, char **argv) {
  static char *none[] = { NULL };
  arguments = argv;
  if (argc < 3) return 64;
  if (strcmp(argv[1], "none") == 0) return execv(argv[2], none), fail("execv");
  if (strcmp(argv[1], "bytes") == 0) return exec_bytes(argc - 3, argv + 3);
  if (strcmp(argv[1], "many") == 0 && argc == 5) return exec_many(atoi(argv[3]), (size_t)atol(argv[4]));
  if (strcmp(argv[1], "deleted") == 0) return exec_deleted();
  if (strcmp(argv[1], "thread") == 0) return start(second_thread);
  if (strcmp(argv[1], "leader-first") == 0) return start(work);
  if (strcmp(argv[1], "clone-into") == 0 && argc > 3) return clone_into();
  if (strcmp(argv[1], "clone-parent") == 0) return clone_parent();
  return 64;
}
