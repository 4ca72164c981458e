/* storm-linger: an exec target that lives for 50 ms, long enough for whoever reads /proc to find all of it. */
#include <time.h>

int main(void) {
  const struct timespec life = {0, 50 * 1000 * 1000};
  nanosleep(&life, 0);
  return 0;
}
