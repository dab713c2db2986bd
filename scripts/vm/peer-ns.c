// SPDX-License-Identifier: GPL-2.0
/*
 * Run a command at the peer, when that is a namespace of this machine:
 *
 *   peer COMMAND...
 *
 * As "ip netns exec peer" does, /sys is that of the namespace. Linked statically:
 * tests run this often, and under TCG the dynamic linker takes 40 ms.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#define NAMESPACE	"/run/netns/peer"
#define STATUS_FAILED	255
#define STATUS_NOEXEC	127

static void enter(void)
{
	int fd = open(NAMESPACE, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(STATUS_FAILED, "%s", NAMESPACE);
	if (unshare(CLONE_NEWNS) ||
	    mount("", "/", NULL, MS_SLAVE | MS_REC, NULL) ||
	    umount2("/sys", MNT_DETACH) ||
	    mount("peer", "/sys", "sysfs", 0, NULL))
		err(STATUS_FAILED, "/sys");
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: peer COMMAND...\n");
		return STATUS_FAILED;
	}
	enter();
	execvp(argv[1], argv + 1);
	err(STATUS_NOEXEC, "%s", argv[1]);
}
