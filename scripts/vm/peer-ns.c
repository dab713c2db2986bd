// SPDX-License-Identifier: GPL-2.0
/*
 * Run a command at the peer, when that is a namespace of this machine:
 *
 *   peer COMMAND...
 *
 * As "ip netns exec peer" does, /sys is that of the namespace, which is the one by
 * whose name the program is called. Linked statically: tests run this often, and
 * under TCG the dynamic linker takes 40 ms.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#define NAMESPACES	"/run/netns"
#define STATUS_FAILED	255
#define STATUS_NOEXEC	127

static void enter(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", NAMESPACES, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(STATUS_FAILED, "%s", path);
	if (unshare(CLONE_NEWNS) ||
	    mount("", "/", NULL, MS_SLAVE | MS_REC, NULL) ||
	    umount2("/sys", MNT_DETACH) ||
	    mount(name, "/sys", "sysfs", 0, NULL))
		err(STATUS_FAILED, "/sys");
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s COMMAND...\n",
			program_invocation_short_name);
		return STATUS_FAILED;
	}
	enter(program_invocation_short_name);
	execvp(argv[1], argv + 1);
	err(STATUS_NOEXEC, "%s", argv[1]);
}
