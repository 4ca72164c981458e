/* A process that works for two milliseconds of CPU time. */
#include <time.h>

int main(void) {
  struct timespec t;
  do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  while (t.tv_sec == 0 && t.tv_nsec < 2000000);
  return 0;
}
