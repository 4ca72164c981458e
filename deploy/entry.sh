#!/bin/sh
# Starts forkcast in a container as its own user, with those of its capabilities that the container has.
#
# Docker gives the capabilities of `cap_add` to root only; another user gets them only as ambient ones, which Docker does not set.
# So the container begins as root, and this drops everything but them for good. Begun as another user, it changes nothing.
set -eu

user=943
if [ "$(id -u)" -ne 0 ]; then exec /opt/forkcast/bin/forkcast "$@"; fi

# Bits of the permitted set, by number in linux/capability.h.
permitted=$(sed -n 's/^CapPrm:[[:space:]]*//p' /proc/self/status)
has() { [ $((0x$permitted >> $1 & 1)) -eq 1 ]; }

# Without SETGID and SETUID we stay root, with what we have been left.
if ! has 6 || ! has 7; then exec /opt/forkcast/bin/forkcast "$@"; fi

keep=-all
if has 12; then keep=$keep,+net_admin; fi
if has 19; then keep=$keep,+sys_ptrace; fi

exec setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps="$keep" --ambient-caps="$keep" --no-new-privs -- \
  /opt/forkcast/bin/forkcast "$@"
