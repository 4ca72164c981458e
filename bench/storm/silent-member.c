/*
 * silent-member: is anybody listening to the process connector? `silent-member MILLISECONDS`
 *
 * It joins the connector's group without LISTEN. Such a member hears everything as long as the kernel's listener count is above 0, and nothing
 * otherwise, and does not change that count. It makes events of its own (FORK and EXIT of a child) and waits for any event, its own or not.
 * Prints {"heard":true,"ownFork":true,"events":2}; ends early once its own FORK came. A FORK of its own is certain to be sent if the count is
 * above 0, so "heard":false means: nobody listens, and no listener was leaked.
 */
#define _GNU_SOURCE
#include "connector.h"
#include <sys/wait.h>

int main(int argc, char **argv) {
  unsigned char message[DATAGRAM];
  unsigned long events = 0;
  int own_fork = 0, wait_ms = argc > 1 ? atoi(argv[1]) : 200, fd = join_connector();
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) _exit(0);
  if (waitpid(child, NULL, 0) < 0) die("waitpid");
  uint64_t until = monotonic_ms() + (uint64_t)wait_ms;
  for (uint64_t now; !own_fork && (now = monotonic_ms()) < until;) {
    if (!next_event(fd, message, (int)(until - now))) break;
    events++;
    own_fork = u32_at(message, OFFSET_WHAT) == WHAT_FORK && u32_at(message, OFFSET_PAYLOAD + 8) == (uint32_t)child;
  }
  printf("{\"heard\":%s,\"ownFork\":%s,\"events\":%lu}\n", events ? "true" : "false", own_fork ? "true" : "false", events);
  return 0;
}
