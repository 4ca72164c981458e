/*
 * storm: makes process events at a given rate and reports, as one line of JSON on stdout, exactly what it made.
 *
 *   storm --mode fork|exec|thread [--rate EVENTS_PER_S] (--seconds S | --count CYCLES) [--workers W] [--cpu LIST]
 *         [--exec PATH] [--tag TEXT] [--in-flight K] [--exit-code N] [--announce]
 *
 * A cycle is one process or thread from start to end: fork = FORK + EXIT, exec = FORK + EXEC + EXIT, thread = FORK + EXIT.
 * Rate 0 is full speed. Cycles carry dense numbers from 0 over all workers; in exec mode cycle n runs
 * `PATH --storm-id=<tag>-<n>`. PATH must end by itself; without --exec it is storm-noop (or known) beside this program,
 * the only programs that --exit-code reaches. --cpu pins worker w to the w-th CPU of LIST (round robin).
 *
 * --announce prints a line {"pid":…,"forkers":[…]} first, once a signal would end the storm with a report.
 *
 * What the report leaves out, because storm cannot see it: the FORK and EXEC that made storm itself and its own EXIT.
 * What it lists apart (`own`): FORK and EXIT of the worker processes, which exist only with more than one worker.
 * The kernel sends a child's EXIT *after* its parent could reap it, so the last few events may follow the report by microseconds.
 *
 * Exit codes: 0 reported · 1 a worker was killed, its last cycle may be unreported · 64 usage · 69 cannot run here.
 */
#define _GNU_SOURCE
#include "storm-options.h"
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define SECOND 1000000000ull
#define SLOT 1000000ull            /* paced cycles start in batches, one batch a millisecond */
#define NAP (50 * 1000000ull)      /* longest sleep, so that a stop is never missed for longer */
#define GRACE (20 * 1000000ull)    /* what is due before the end of a paced storm may still run this late */

struct tally {
  uint64_t forks, execs, exits, thread_forks, thread_exits, failed_forks, failed_execs, signalled;
  uint64_t worst_lag, ended, cpu_self_us, cpu_children_us;
} __attribute__((aligned(128))); /* no two workers on one cache line */

/* Mapped by all workers. `next` is taken only when the cycle starts, so that numbers stay dense however storm ends. */
static struct shared {
  _Atomic uint64_t next __attribute__((aligned(128)));
  volatile sig_atomic_t stop;
  uint64_t start;
  struct tally tally[MAX_WORKERS];
} *shared;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t ns) {
  struct timespec t = { (time_t)(ns / SECOND), (long)(ns % SECOND) };
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void on_stop(int sig) { (void)sig; shared->stop = 1; }

static void reaped(struct tally *t, int status) {
  t->exits++;
  if (WIFSIGNALED(status)) t->signalled++;
}

static void fork_cycle(struct tally *t) {
  int status;
  pid_t pid = vfork();
  if (pid == 0) _exit(opt.exit_code);
  if (pid < 0) { t->failed_forks++; usleep(1000); return; }
  t->forks++;
  while (waitpid(pid, &status, 0) < 0) if (errno != EINTR) fail(69, "waitpid");
  reaped(t, status);
}

static void reap(struct tally *t, uint64_t at_most_in_flight) {
  int status;
  while (t->forks > t->exits) {
    pid_t pid = waitpid(-1, &status, t->forks - t->exits > at_most_in_flight ? 0 : WNOHANG);
    if (pid > 0) reaped(t, status);
    else if (pid == 0) return;
    else if (errno != EINTR) fail(69, "waitpid");
  }
}

static void exec_cycle(struct tally *t, uint64_t n) {
  static char id[256], code[32];
  static char *argv[4];
  static volatile int exec_errno; /* the vforked child writes into our memory */
  snprintf(id, sizeof id, "--storm-id=%s-%llu", opt.tag, (unsigned long long)n);
  snprintf(code, sizeof code, "--exit-code=%d", opt.exit_code);
  argv[0] = (char *)opt.exec, argv[1] = id, argv[2] = opt.exit_code ? code : NULL;
  exec_errno = 0;
  pid_t pid = vfork();
  if (pid == 0) {
    execv(opt.exec, argv);
    exec_errno = errno;
    _exit(127);
  }
  if (pid < 0) { t->failed_forks++; usleep(1000); return; }
  t->forks++;
  if (exec_errno) t->failed_execs++;
  else t->execs++;
  reap(t, (uint64_t)opt.in_flight - 1);
}

static int thread_main(void *unused) { (void)unused; return opt.exit_code; }

/* CLONE_VFORK suspends us until the thread has let go of the address space: its stack can be used again, and sharing our TLS is safe. */
static void thread_cycle(struct tally *t) {
  static char stack[32768] __attribute__((aligned(64)));
  int flags = CLONE_VM | CLONE_VFORK | CLONE_THREAD | CLONE_SIGHAND | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM;
  if (clone(thread_main, stack + sizeof stack, flags, NULL) < 0) { t->failed_forks++; usleep(1000); return; }
  t->thread_forks++;
  t->thread_exits++;
}

static uint64_t due_ns(uint64_t n) {
  uint64_t after = (uint64_t)((double)n * (double)SECOND * EVENTS_PER_CYCLE[opt.mode] / opt.rate);
  return shared->start + after / SLOT * SLOT;
}

/* True when cycle n may start now; sleeps at most one nap. */
static int is_due(uint64_t n, struct tally *t) {
  if (opt.rate == 0) return 1;
  uint64_t due = due_ns(n), now = now_ns();
  if (now >= due) {
    if (now - due > t->worst_lag) t->worst_lag = now - due;
    return 1;
  }
  if (opt.mode == EXEC) reap(t, UINT64_MAX);
  sleep_until(due < now + NAP ? due : now + NAP);
  return 0;
}

static void work(struct tally *t) {
  uint64_t end = opt.seconds > 0 ? shared->start + (uint64_t)(opt.seconds * (double)SECOND) : UINT64_MAX - GRACE;
  sleep_until(shared->start);
  while (!shared->stop && now_ns() < end + (opt.rate > 0 ? GRACE : 0)) {
    uint64_t n = atomic_load(&shared->next);
    if (n >= opt.count || (opt.rate > 0 && due_ns(n) >= end)) break;
    if (!is_due(n, t) || !atomic_compare_exchange_strong(&shared->next, &n, n + 1)) continue;
    if (opt.mode == FORK) fork_cycle(t);
    else if (opt.mode == EXEC) exec_cycle(t, n);
    else thread_cycle(t);
  }
  reap(t, 0);
  t->ended = now_ns();
}

static uint64_t cpu_us(int who) {
  struct rusage u;
  getrusage(who, &u);
  return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void run_worker(int w) {
  struct tally *t = &shared->tally[w];
  if (opt.cpu_count > 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(opt.cpus[w % opt.cpu_count], &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0) fail(69, "--cpu");
  }
  prctl(PR_SET_TIMERSLACK, 1);
  work(t);
  t->cpu_self_us = cpu_us(RUSAGE_SELF);
  t->cpu_children_us = cpu_us(RUSAGE_CHILDREN);
}

static void print_pids(const pid_t *pids) {
  printf("\"pid\":%d,\"forkers\":[", getpid());
  for (int w = 0; w < opt.workers; w++) printf("%s%d", w ? "," : "", pids[w]);
  printf("]");
}

static void announce(const pid_t *pids) {
  if (!opt.announce) return;
  printf("{"), print_pids(pids), printf("}\n");
  fflush(stdout);
}

/* Returns the number of workers that did not end by themselves. */
static int run_workers(pid_t *pids) {
  int lost = 0, status;
  pid_t parent = getpid();
  for (int w = 0; w < opt.workers; w++) {
    pids[w] = fork();
    if (pids[w] < 0) { shared->stop = 1; fail(69, "fork of a worker"); }
    if (pids[w] > 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    run_worker(w);
    _exit(0);
  }
  announce(pids);
  for (int w = 0; w < opt.workers; w++) {
    while (waitpid(pids[w], &status, 0) < 0) if (errno != EINTR) fail(69, "waitpid");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) lost++;
  }
  return lost;
}

static void report(const pid_t *pids, int lost) {
  struct tally s = { 0 };
  for (int w = 0; w < opt.workers; w++) {
    const struct tally *t = &shared->tally[w];
    s.forks += t->forks, s.execs += t->execs, s.exits += t->exits, s.thread_forks += t->thread_forks, s.thread_exits += t->thread_exits;
    s.failed_forks += t->failed_forks, s.failed_execs += t->failed_execs, s.signalled += t->signalled;
    s.cpu_self_us += t->cpu_self_us, s.cpu_children_us += t->cpu_children_us;
    if (t->worst_lag > s.worst_lag) s.worst_lag = t->worst_lag;
    if (t->ended > s.ended) s.ended = t->ended;
  }
  uint64_t generated = s.forks + s.execs + s.exits + s.thread_forks + s.thread_exits;
  double seconds = s.ended > shared->start ? (double)(s.ended - shared->start) / (double)SECOND : 0;
  int own = opt.workers > 1 ? opt.workers : 0;
#define U(field) (unsigned long long)(field)
  printf("{\"mode\":\"%s\",", MODES[opt.mode]), print_pids(pids);
  printf(",\"cycles\":%llu,\"forks\":%llu,\"execs\":%llu,\"exits\":%llu,\"threadForks\":%llu,\"threadExits\":%llu,\"generated\":%llu,",
    U(atomic_load(&shared->next)), U(s.forks), U(s.execs), U(s.exits), U(s.thread_forks), U(s.thread_exits), U(generated));
  printf("\"own\":{\"forks\":%d,\"exits\":%d},\"failedForks\":%llu,\"failedExecs\":%llu,\"signalled\":%llu,", own, own, U(s.failed_forks), U(s.failed_execs), U(s.signalled));
  printf("\"seconds\":%.6f,\"askedRate\":%g,\"achievedRate\":%.1f,\"worstLagUs\":%.1f,", seconds, opt.rate, seconds > 0 ? (double)generated / seconds : 0, (double)s.worst_lag / 1000);
  printf("\"cpuSelfSeconds\":%.6f,\"cpuChildrenSeconds\":%.6f,\"stopped\":%s,\"complete\":%s}\n",
    (double)s.cpu_self_us / 1e6, (double)s.cpu_children_us / 1e6, shared->stop ? "true" : "false", lost ? "false" : "true");
}

int main(int argc, char **argv) {
  pid_t pids[MAX_WORKERS];
  int lost = 0;
  parse(argc, argv);
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) fail(69, "mmap");
  struct sigaction stop = { .sa_handler = on_stop }, plain = { .sa_handler = SIG_DFL };
  sigaction(SIGINT, &stop, NULL);
  sigaction(SIGTERM, &stop, NULL);
  sigaction(SIGCHLD, &plain, NULL); /* inherited SIG_IGN would reap behind our back, and exits would name no parent */
  shared->start = now_ns() + (opt.workers > 1 ? 5 * SLOT : 0);
  if (opt.workers == 1) pids[0] = getpid(), announce(pids), run_worker(0);
  else lost = run_workers(pids);
  report(pids, lost);
  return lost ? 1 : 0;
}
