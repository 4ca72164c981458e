/*
 * known: a process whose end is known beforehand. Arguments in any order, others are ignored (they make a process recognisable):
 *   --live-ms=N   lives that long first      --exit-code=N   then exits with N      --die-by=SIGNAL   or kills itself by that number
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int code = 0, fatal = 0, live_ms = 0;
  for (int i = 1; i < argc; i++) {
    if (sscanf(argv[i], "--exit-code=%d", &code) == 1) continue;
    if (sscanf(argv[i], "--die-by=%d", &fatal) == 1) continue;
    sscanf(argv[i], "--live-ms=%d", &live_ms);
  }
  for (; live_ms > 0; live_ms -= 500) usleep((live_ms < 500 ? (useconds_t)live_ms : 500) * 1000);
  if (fatal) raise(fatal);
  return code;
}
