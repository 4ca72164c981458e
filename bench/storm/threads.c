/*
 * threads MODE N: a process with N threads besides its first one, which
 *   fork          end one after another, and then the process does
 *   exec          wait; one of them executes this program again, with the mode `end` and exit code 7
 *   leader-first  outlive the first thread, which ends alone; the last of them ends the process, with 3
 *   set-id        wait while the first one becomes user 65534, and with it, by the C library's doing, all of them
 *   park          wait, like the first one, for ever
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *mode;
static char *self;
static pthread_barrier_t all;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int left;

static void end_thread(int code) {
  syscall(SYS_exit, code);
}

static void await_leader_end(void) {
  char path[64], state = 0;
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)getpid());
  while (state != 'Z') {
    FILE *stat = fopen(path, "r");
    if (!stat || fscanf(stat, "%*d (%*[^)]) %c", &state) != 1) exit(98);
    fclose(stat);
    usleep(1000);
  }
}

static void *run(void *first) {
  pthread_barrier_wait(&all);
  if (!strcmp(mode, "fork")) return 0;
  if (!strcmp(mode, "exec") && first) {
    char *args[] = {self, "end", "7", 0};
    execv(self, args);
    exit(99);
  }
  if (!strcmp(mode, "leader-first")) {
    await_leader_end();
    pthread_mutex_lock(&turn);
    int last = --left == 0;
    pthread_mutex_unlock(&turn);
    // The last one waits until the others are gone, so that its end is the process's.
    if (last) usleep(50 * 1000);
    end_thread(3);
  }
  for (;;) pause();
}

int main(int argc, char **argv) {
  if (argc != 3) return 97;
  mode = argv[1];
  self = argv[0];
  int count = atoi(argv[2]);
  // Whoever reads /proc after the exec is to find the image as it began.
  usleep(50 * 1000);
  if (!strcmp(mode, "end")) return count;
  left = count;
  pthread_barrier_init(&all, 0, count + 1);
  pthread_t threads[count];
  for (int i = 0; i < count; i++)
    if (pthread_create(&threads[i], 0, run, i == 0 ? argv : 0)) return 96;
  pthread_barrier_wait(&all);
  if (!strcmp(mode, "fork")) {
    for (int i = 0; i < count; i++) pthread_join(threads[i], 0);
    return 0;
  }
  if (!strcmp(mode, "leader-first")) end_thread(0);
  if (!strcmp(mode, "set-id")) return setresuid(65534, 65534, 65534) == 0 ? 0 : 95;
  for (;;) pause();
}
