/*
 * kernel-count: how many process-connector events did the kernel make, on each CPU, between two moments? Exact, and independent of any listener's losses.
 *
 * The kernel numbers all its connector messages per CPU (cn seq, u32, wraps) while anybody listens, whether a listener gets them or not.
 * kernel-count listens and, at each mark, makes one event of its own on every CPU (pinned there, a change of its own name: COMM is sent before
 * prctl returns, and unlike a fork it is a single event that nothing follows) and notes the number the kernel gave it.
 *
 * Protocol: at start and for every line on stdin it marks and prints one line of JSON:
 *   {"complete":true,"cpus":[{"cpu":0,"seq":123,"ns":456,"count":789,"own":1}, …]}
 * For each CPU: `seq` and `ns` (CLOCK_MONOTONIC) of the mark; `count` = messages numbered after the previous mark up to and including this one;
 * `own` = how many of them are kernel-count's own marks (1 unless one was lost and had to be repeated). At start both are 0.
 * So count − own = what all others caused. This includes acknowledgements: each LISTEN takes one number, and each IGNORE while others listen.
 * Marks on different CPUs are microseconds apart: a window is a range of numbers on each CPU, not one instant.
 * Limits: 2^32 messages on one CPU between two marks are not noticed; `complete` is false when there are CPUs we may not run on.
 * End of stdin, SIGINT, SIGTERM, SIGHUP: IGNORE, exactly once, and end. A leaked listener would make the kernel build every event until reboot.
 */
#define _GNU_SOURCE
#include "connector.h"
#include <linux/filter.h>
#include <arpa/inet.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define MARK_TRIES 1000

struct mark { int cpu; uint32_t seq; uint64_t ns; unsigned tries; };

static int connector_fd = -1;
static volatile sig_atomic_t listening;
static struct mark marks[CPU_SETSIZE];
static int cpu_count;

static void leave(void) {
  if (!listening) return;
  listening = 0;
  send_op(connector_fd, OP_IGNORE, 0);
}

static void on_signal(int sig) {
  leave();
  _exit(128 + sig);
}

/*
 * Only acknowledgements and COMM pass to us: others' storms cannot push a mark out of our small receive buffer. The numbers count all the same.
 * Classic BPF loads words as big-endian, the message is host endian: htonl.
 */
static void attach_filter(int fd) {
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET_WHAT),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(WHAT_ACK), 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(WHAT_COMM), 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 0xffffffffu),
    BPF_STMT(BPF_RET | BPF_K, 0),
  };
  struct sock_fprog program = { sizeof code / sizeof *code, code };
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0) die("SO_ATTACH_FILTER");
}

static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) < 0) die("sched_setaffinity");
}

/* The event is in our buffer, or lost, when prctl returns. */
static int try_mark(struct mark *m, const char *name) {
  unsigned char message[DATAGRAM];
  int found = 0;
  while (next_event(connector_fd, message, 0)) continue;
  m->tries++;
  prctl(PR_SET_NAME, name);
  while (next_event(connector_fd, message, 0)) {
    if (u32_at(message, OFFSET_WHAT) != WHAT_COMM || u32_at(message, OFFSET_PAYLOAD) != (uint32_t)getpid()) continue;
    if (strncmp((char *)message + OFFSET_PAYLOAD + 8, name, 16) != 0 || u32_at(message, OFFSET_CPU) != (uint32_t)m->cpu) continue;
    m->seq = u32_at(message, OFFSET_SEQ), m->ns = u64_at(message, OFFSET_TIME), found = 1;
  }
  return found;
}

static void mark(struct mark *m) {
  static unsigned serial;
  char name[16];
  pin(m->cpu);
  m->tries = 0;
  while (m->tries < MARK_TRIES) {
    snprintf(name, sizeof name, "mark%u", ++serial);
    if (try_mark(m, name)) return;
  }
  fprintf(stderr, "kernel-count: no COMM event of our own on CPU %d in %d tries\n", m->cpu, MARK_TRIES);
  leave();
  exit(1);
}

static void mark_all(int first) {
  printf("{\"complete\":%s,\"cpus\":[", cpu_count == sysconf(_SC_NPROCESSORS_ONLN) ? "true" : "false");
  for (int i = 0; i < cpu_count; i++) {
    struct mark before = marks[i];
    mark(&marks[i]);
    printf("%s{\"cpu\":%d,\"seq\":%u,\"ns\":%llu,\"count\":%u,\"own\":%u}", i ? "," : "", marks[i].cpu, marks[i].seq, (unsigned long long)marks[i].ns,
      first ? 0 : marks[i].seq - before.seq, first ? 0 : marks[i].tries);
  }
  printf("]}\n");
  fflush(stdout);
}

static void find_cpus(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) < 0) die("sched_getaffinity");
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) if (CPU_ISSET(cpu, &set)) marks[cpu_count++].cpu = cpu;
}

int main(void) {
  struct sigaction action = { .sa_handler = on_signal };
  sigset_t ending;
  char byte;
  find_cpus();
  connector_fd = join_connector();
  attach_filter(connector_fd);
  sigemptyset(&ending);
  sigaddset(&ending, SIGINT), sigaddset(&ending, SIGTERM), sigaddset(&ending, SIGHUP);
  action.sa_mask = ending;
  sigaction(SIGINT, &action, NULL), sigaction(SIGTERM, &action, NULL), sigaction(SIGHUP, &action, NULL);
  signal(SIGPIPE, SIG_IGN); /* a reader that died shows as end of stdin */
  atexit(leave);
  listening = 1; /* before the fact: an IGNORE too many on our own socket does no harm since 6.6, a missing one does */
  listen_all(connector_fd);
  mark_all(1);
  while (read(STDIN_FILENO, &byte, 1) == 1) if (byte == '\n') mark_all(0);
  sigprocmask(SIG_BLOCK, &ending, NULL);
  leave();
  return 0;
}
