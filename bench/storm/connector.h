/*
 * The kernel's process connector, as far as the tests' own instruments need it. They share no code with the agent: an oracle that
 * used the agent's constants would repeat its mistakes. Constants are those of linux/netlink.h, connector.h and cn_proc.h, written
 * out because distribution headers may be older than the running kernel.
 *
 * Datagram (76 bytes, host endian): nlmsghdr 16 | cn_msg 20: id.idx, id.val, seq, ack u32, len, flags u16 |
 *   proc_event 40: what u32 @36, cpu u32 @40, timestamp_ns u64 @44, payload @52
 */
#ifndef CONNECTOR_H
#define CONNECTOR_H
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NETLINK_CONNECTOR_PROTOCOL 11
#define CN_IDX_PROC 1
#define CN_VAL_PROC 1
#define NLMSG_DONE_TYPE 3
#define OP_LISTEN 1u
#define OP_IGNORE 2u
#define WHAT_ACK 0u
#define WHAT_FORK 1u
#define WHAT_COMM 0x200u
#define WHAT_EXIT 0x80000000u
#define OFFSET_SEQ 24
#define OFFSET_ACK 28
#define OFFSET_WHAT 36
#define OFFSET_CPU 40
#define OFFSET_TIME 44
#define OFFSET_PAYLOAD 52
#define DATAGRAM 76

struct netlink_address { uint16_t family, pad; uint32_t port, groups; };

static inline uint32_t u32_at(const unsigned char *message, int offset) {
  uint32_t value;
  memcpy(&value, message + offset, sizeof value);
  return value;
}

static inline uint64_t u64_at(const unsigned char *message, int offset) {
  uint64_t value;
  memcpy(&value, message + offset, sizeof value);
  return value;
}

static inline uint64_t monotonic_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static inline void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(69);
}

/* A member of the connector's group 1; hears whatever the kernel sends as soon as anybody listens. */
static inline int join_connector(void) {
  struct netlink_address address = { .family = AF_NETLINK, .groups = CN_IDX_PROC };
  int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR_PROTOCOL);
  if (fd < 0) die("socket of the process connector");
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("joining the process connector's group (needs CAP_NET_ADMIN before Linux 6.6)");
  return fd;
}

/* The 4-byte form of LISTEN means all events on every kernel. Async-signal-safe. */
static inline int send_op(int fd, uint32_t op, uint32_t ack) {
  unsigned char message[40] = { 0 };
  uint32_t length = sizeof message, idx = CN_IDX_PROC, val = CN_VAL_PROC;
  uint16_t type = NLMSG_DONE_TYPE, body = sizeof op;
  memcpy(message, &length, 4), memcpy(message + 4, &type, 2), memcpy(message + 16, &idx, 4), memcpy(message + 20, &val, 4);
  memcpy(message + OFFSET_ACK, &ack, 4), memcpy(message + 32, &body, 2), memcpy(message + OFFSET_WHAT, &op, 4);
  return send(fd, message, sizeof message, 0) == sizeof message ? 0 : -1;
}

/* The next event, waiting at most wait_ms; 0 when there is none. An overflow reported in between is skipped. Only the kernel's messages count. */
static inline int next_event(int fd, unsigned char *message, int wait_ms) {
  uint64_t until = monotonic_ms() + (uint64_t)wait_ms;
  for (;;) {
    struct netlink_address from = { 0 };
    socklen_t size = sizeof from;
    ssize_t n = recvfrom(fd, message, DATAGRAM, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
    if (n == DATAGRAM && from.port == 0) return 1;
    if (n >= 0 || errno == ENOBUFS || errno == EINTR) continue;
    if (errno != EAGAIN) die("reading the process connector");
    uint64_t now = monotonic_ms();
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    if (now >= until) return 0;
    poll(&wait, 1, (int)(until - now));
  }
}

/* LISTEN, confirmed: acks go to every listener and only their ack value, ours + 1, tells whose they are. */
static inline void listen_all(int fd) {
  unsigned char message[DATAGRAM];
  uint32_t ack;
  if (getrandom(&ack, sizeof ack, 0) != sizeof ack) die("getrandom");
  if (send_op(fd, OP_LISTEN, ack) < 0) die("LISTEN to the process connector (init network namespace only)");
  while (next_event(fd, message, 2000)) {
    if (u32_at(message, OFFSET_WHAT) != WHAT_ACK || u32_at(message, OFFSET_ACK) != ack + 1) continue;
    errno = (int)u32_at(message, OFFSET_PAYLOAD);
    if (errno != 0) die("LISTEN was refused");
    return;
  }
  errno = ETIMEDOUT;
  die("LISTEN was not acknowledged (in a pid or user namespace the kernel ignores it)");
}
#endif
