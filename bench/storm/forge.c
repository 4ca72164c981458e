/*
 * forge: sends made-up process events to another program's connector socket. `forge PORT PID COUNT`
 *
 * Anybody with CAP_NET_ADMIN may send to a netlink port; only the sender's address, which the kernel fills in, tells such a message from
 * the kernel's own. COUNT rounds of: FORK, EXEC, EXIT of PID as the kernel would write them, with a sequence far ahead (whoever believes it
 * finds millions of events lost), an acknowledgement with an error, a message that is too short and one that is too long. PORT is the number in
 * the column Pid of /proc/net/netlink. Prints {"sent":N}.
 */
#define _GNU_SOURCE
#include "connector.h"

#define WHAT_EXEC 2u
#define SEQ_AHEAD 1000000u

static struct netlink_address target = { .family = AF_NETLINK };
static unsigned long sent;

static void put_u32(unsigned char *message, int offset, uint32_t value) { memcpy(message + offset, &value, sizeof value); }

static void forge(int fd, uint32_t what, uint32_t pid, size_t length) {
  static uint32_t seq = SEQ_AHEAD;
  unsigned char message[2 * DATAGRAM] = { 0 };
  uint16_t type = NLMSG_DONE_TYPE, body = 40;
  put_u32(message, 0, DATAGRAM), memcpy(message + 4, &type, 2);
  put_u32(message, 16, CN_IDX_PROC), put_u32(message, 20, CN_VAL_PROC), memcpy(message + 32, &body, 2);
  put_u32(message, OFFSET_SEQ, seq++), put_u32(message, OFFSET_WHAT, what);
  for (int offset = OFFSET_PAYLOAD; offset < OFFSET_PAYLOAD + 16; offset += 4) put_u32(message, offset, what == WHAT_ACK ? EPERM : pid);
  if (sendto(fd, message, length, 0, (struct sockaddr *)&target, sizeof target) < 0) die("sending to the port (needs CAP_NET_ADMIN)");
  sent++;
}

int main(int argc, char **argv) {
  int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR_PROTOCOL);
  if (fd < 0) die("socket of the process connector");
  if (argc != 4) {
    fprintf(stderr, "forge PORT PID COUNT\n");
    return 64;
  }
  target.port = (uint32_t)strtoul(argv[1], NULL, 10);
  uint32_t pid = (uint32_t)strtoul(argv[2], NULL, 10);
  for (unsigned long n = strtoul(argv[3], NULL, 10); n > 0; n--) {
    forge(fd, WHAT_FORK, pid, DATAGRAM), forge(fd, WHAT_EXEC, pid, DATAGRAM), forge(fd, WHAT_EXIT, pid, DATAGRAM);
    forge(fd, WHAT_ACK, pid, DATAGRAM), forge(fd, WHAT_FORK, pid, OFFSET_PAYLOAD), forge(fd, WHAT_FORK, pid, 2 * DATAGRAM);
  }
  printf("{\"sent\":%lu}\n", sent);
  return 0;
}
