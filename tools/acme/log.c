// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The log: rate-limited, because a hostile guest can cause most lines. */
#include <errno.h>
#include <time.h>

#include "nic.h"

#define BURST		200
#define PER_SECOND	20

static FILE *log_file;
static unsigned int tokens = BURST;
static unsigned int suppressed;
static time_t refilled;

int log_open(const char *path)
{
	log_file = fopen(path, "ae");
	if (!log_file) {
		complain("%s: can't open: %s", path, strerror(errno));
		return -1;
	}
	setlinebuf(log_file);
	return 0;
}

static bool take_token(time_t now)
{
	if (now != refilled) {
		tokens = min(tokens + PER_SECOND, (unsigned int)BURST);
		refilled = now;
		if (suppressed)
			fprintf(log_file, "%u lines suppressed\n", suppressed);
		suppressed = 0;
	}
	if (!tokens) {
		suppressed++;
		return false;
	}
	tokens--;
	return true;
}

void log_vline(const char *fmt, va_list args)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!log_file || !take_token(now.tv_sec))
		return;
	fprintf(log_file, "%lld.%06ld ", (long long)now.tv_sec,
		now.tv_nsec / 1000);
	vfprintf(log_file, fmt, args);
	fputc('\n', log_file);
}

void log_line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_vline(fmt, args);
	va_end(args);
}

void log_close(void)
{
	if (log_file)
		fclose(log_file);
	log_file = NULL;
}

void complain(const char *fmt, ...)
{
	va_list args;

	fputs("acme-nic: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}
