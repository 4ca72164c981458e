/*
 * Preloaded into the agent (LD_PRELOAD): writes one line, "listen" or "ignore", to $SEND_LOG for each control message of the process
 * connector that the process sends. The kernel's count of listeners cannot be read, and others' listeners hide one that is left; this shows
 * what the agent itself did, on every way to its end.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE = 40, OP_AT = 36, LISTEN = 1 };

ssize_t send(int fd, const void *message, size_t length, int flags)
{
	static ssize_t (*real)(int, const void *, size_t, int);
	const char *path = getenv("SEND_LOG");
	int domain = 0;
	socklen_t size = sizeof domain;

	if (!real)
		real = (ssize_t (*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");
	if (path && length == MESSAGE && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK) {
		uint32_t op;
		int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

		memcpy(&op, (const char *)message + OP_AT, sizeof op);
		if (log < 0 || write(log, op == LISTEN ? "listen\n" : "ignore\n", 7) != 7)
			abort();
		close(log);
	}
	return real(fd, message, length, flags);
}
