// SPDX-License-Identifier: GPL-2.0
/*
 * A loadable object for GNU make: make itself ends with status 2 whatever a
 * recipe's status was. This makes "make vm" end with the script's, which vm.py
 * leaves in a file named after make's process.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int plugin_is_GPL_compatible;

static char status_file[PATH_MAX];

static void leave(void)
{
	int status = 0;
	FILE *file;

	file = fopen(status_file, "r");
	if (!file)
		return;
	if (fscanf(file, "%d", &status) != 1)
		status = 0;
	fclose(file);
	unlink(status_file);
	fflush(NULL);
	if (status)
		_exit(status);
}

/* Called by make, in the directory of the Makefile. */
int exit_status_gmk_setup(void)
{
	char dir[PATH_MAX - 64];

	if (!getcwd(dir, sizeof(dir)))
		return 0;
	snprintf(status_file, sizeof(status_file), "%s/build/vm/status-%d",
		 dir, getpid());
	return !atexit(leave);
}
