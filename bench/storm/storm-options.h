/* The command line of storm; its meaning is told in storm.c. */
#ifndef STORM_OPTIONS_H
#define STORM_OPTIONS_H
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_WORKERS 64

enum mode { FORK, EXEC, THREAD };
static const char *const MODES[] = { "fork", "exec", "thread" };
static const int EVENTS_PER_CYCLE[] = { 2, 3, 2 };

static struct {
  enum mode mode;
  double rate, seconds;
  uint64_t count;
  int workers, in_flight, exit_code, cpus[1024], cpu_count, announce;
  const char *exec, *tag;
} opt = { .workers = 1, .in_flight = 1, .tag = "storm", .count = UINT64_MAX };

static void fail(int code, const char *what) {
  if (code == 64) fprintf(stderr, "storm: %s\n", what);
  else fprintf(stderr, "storm: %s: %s\n", what, strerror(errno));
  exit(code);
}

static double number(const char *text, double least, double most, const char *what) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end != 0 || !(value >= least && value <= most)) fail(64, what);
  return value;
}

static void parse_cpus(char *list) {
  for (char *part = strtok(list, ","); part; part = strtok(NULL, ",")) {
    int from, to, fields = sscanf(part, "%d-%d", &from, &to);
    if (fields < 2) to = from;
    if (fields < 1 || from < 0 || to >= CPU_SETSIZE || from > to) fail(64, "--cpu: a list such as 0,2-3");
    for (; from <= to && opt.cpu_count < 1024; from++) opt.cpus[opt.cpu_count++] = from;
  }
}

static void parse_mode(const char *text) {
  for (int m = FORK; m <= THREAD; m++) if (strcmp(text, MODES[m]) == 0) { opt.mode = (enum mode)m; return; }
  fail(64, "--mode: fork, exec or thread");
}

/* The cheap programs lie beside this one. */
static const char *default_exec(void) {
  static const char *const names[] = { "storm-noop", "known" };
  static char path[PATH_MAX + 16];
  ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
  if (length < 0) fail(69, "/proc/self/exe");
  while (length > 0 && path[length - 1] != '/') length--;
  for (int i = 0; i < 2; i++) {
    strcpy(path + length, names[i]);
    if (access(path, X_OK) == 0) break;
  }
  return path;
}

static void parse(int argc, char **argv) {
  static const struct option names[] = {
    { "mode", 1, 0, 'm' }, { "rate", 1, 0, 'r' }, { "seconds", 1, 0, 's' }, { "count", 1, 0, 'n' }, { "workers", 1, 0, 'w' }, { "cpu", 1, 0, 'c' },
    { "exec", 1, 0, 'e' }, { "tag", 1, 0, 't' }, { "in-flight", 1, 0, 'k' }, { "exit-code", 1, 0, 'x' },
    { "announce", 0, 0, 'a' }, { 0 } };
  for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
    if (c == 'm') parse_mode(optarg);
    else if (c == 'r') opt.rate = number(optarg, 0, 1e9, "--rate: events a second, 0 = full speed");
    else if (c == 's') opt.seconds = number(optarg, 1e-6, 1e6, "--seconds: more than 0");
    else if (c == 'n') opt.count = (uint64_t)number(optarg, 1, 1e12, "--count: cycles, 1 or more");
    else if (c == 'w') opt.workers = (int)number(optarg, 1, MAX_WORKERS, "--workers: 1 to 64");
    else if (c == 'c') parse_cpus(optarg);
    else if (c == 'e') opt.exec = optarg;
    else if (c == 't') opt.tag = optarg;
    else if (c == 'k') opt.in_flight = (int)number(optarg, 1, 10000, "--in-flight: 1 to 10000");
    else if (c == 'x') opt.exit_code = (int)number(optarg, 0, 255, "--exit-code: 0 to 255");
    else if (c == 'a') opt.announce = 1;
    else exit(64);
  }
  if (optind < argc) fail(64, "takes options only");
  if (opt.seconds == 0 && opt.count == UINT64_MAX) fail(64, "say --seconds or --count");
  if (opt.exec && opt.exit_code) fail(64, "--exit-code cannot be given to another program (--exec)");
  if (!opt.exec) opt.exec = default_exec();
  if (opt.mode == EXEC && access(opt.exec, X_OK) < 0) fail(69, opt.exec);
  if (strlen(opt.tag) > 200) fail(64, "--tag: at most 200 bytes");
}
#endif
