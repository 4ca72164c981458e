/*
 * terminal PROGRAM ARG…: runs a program in a session of its own, whose terminal is a new pseudo-terminal, and writes to stderr what it prints there.
 * SIGUSR1 hangs up, as closing a terminal's window or losing the connection does: the kernel sends SIGHUP. Ends as the program does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t hang_up;

static void on_signal(int signal)
{
	(void)signal;
	hang_up = 1;
}

/* By hand, since forkpty(3) is in a library of its own before glibc 2.34. */
static pid_t start(int terminal, char **argv)
{
	struct winsize size = { .ws_row = 50, .ws_col = 200 };
	const char *name = ptsname(terminal);
	pid_t child = name ? fork() : -1;
	int side;

	if (child != 0)
		return child;
	setsid();
	side = open(name, O_RDWR);
	if (side < 0 || ioctl(side, TIOCSCTTY, 0) < 0 || ioctl(side, TIOCSWINSZ, &size) < 0)
		_exit(126);
	for (int fd = 0; fd <= 2; fd++)
		dup2(side, fd);
	if (side > 2)
		close(side);
	signal(SIGUSR1, SIG_DFL);
	execvp(argv[0], argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	char bytes[4096];
	int terminal, status;
	pid_t child;

	if (argc < 2)
		return 64;
	sigaction(SIGUSR1, &action, NULL);
	terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal < 0 || grantpt(terminal) < 0 || unlockpt(terminal) < 0)
		return 71;
	child = start(terminal, argv + 1);
	if (child < 0)
		return 71;
	while (!hang_up) {
		struct pollfd ready = { .fd = terminal, .events = POLLIN };
		ssize_t length;

		/* Not for ever: the signal may come just before. */
		if (poll(&ready, 1, 100) <= 0)
			continue;
		length = read(terminal, bytes, sizeof bytes);
		if (length <= 0)
			break;
		for (ssize_t at = 0; at < length;) {
			ssize_t done = write(2, bytes + at, (size_t)(length - at));

			if (done < 0 && errno != EINTR)
				return 74;
			if (done > 0)
				at += done;
		}
	}
	close(terminal);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 71;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
