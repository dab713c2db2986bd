// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * acmectl: the operator's side of acme-nic, for host and guest.
 *
 * In the guest it speaks through the virtio port named acmectl, or of another
 * adapter acmectl1 and so on; on the host through the control socket.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PORTS		"/sys/class/virtio-ports"
#define PORT_NAME	"acmectl"
#define NICS_MAX	8
#define LOCK		"/run/acmectl.lock"
#define TIMEOUT_MS	10000
#define LINE_MAX_LEN	1024

enum { EXIT_OK, EXIT_ERROR, EXIT_USAGE };

static void usage(FILE *out)
{
	fputs("usage: acmectl [--nic N | --socket PATH] COMMAND [ARG]...\n"
	      "Without: the virtio port acmectl, else $ACME_CTL. --nic N: the virtio\n"
	      "port of adapter N, acmectlN, of the first, 0, acmectl.\n"
	      "acmectl help lists the commands.\n", out);
}

static bool has_name(const char *port, const char *wanted)
{
	char path[sizeof(PORTS) + 256 + 8];
	char name[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/name", PORTS, port);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(name, sizeof(name), f))
		name[0] = '\0';
	fclose(f);
	name[strcspn(name, "\n")] = '\0';
	return !strcmp(name, wanted);
}

static int open_port(const char *name)
{
	struct dirent *entry;
	char path[300];
	int fd = -1;
	DIR *dir;

	dir = opendir(PORTS);
	if (!dir)
		return -1;
	while (fd < 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    !has_name(entry->d_name, name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			fprintf(stderr, "acmectl: %s: %s\n", path,
				strerror(errno));
	}
	closedir(dir);
	return fd;
}

static int open_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		fprintf(stderr, "acmectl: %s: path too long\n", path);
		return -1;
	}
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	fprintf(stderr, "acmectl: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The virtio port can be opened once: others wait here for their turn. */
static int lock(void)
{
	int fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		      0600);

	if (fd < 0 || flock(fd, LOCK_EX)) {
		fprintf(stderr, "acmectl: %s: %s\n", LOCK, strerror(errno));
		return -1;
	}
	return 0;
}

/* $ACME_CTL is the first adapter's. */
static int open_device(unsigned int nic)
{
	char name[sizeof(PORT_NAME) + 12] = PORT_NAME;
	int fd;

	if (nic)
		snprintf(name, sizeof(name), "%s%u", PORT_NAME, nic);
	if (!access(PORTS, F_OK)) {
		if (lock())
			return -1;
		fd = open_port(name);
		if (fd >= 0)
			return fd;
	}
	if (!nic && getenv("ACME_CTL"))
		return open_socket(getenv("ACME_CTL"));
	fprintf(stderr, "acmectl: no virtio port named %s; give --socket PATH%s\n",
		name, nic ? "" : " or set ACME_CTL");
	return -1;
}

static bool send_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= n;
	}
	return true;
}

/* An answer that nobody waited for may still stand in the port. */
static void discard_input(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char buf[4096];

	while (poll(&pfd, 1, 0) == 1 && pfd.revents & POLLIN)
		if (read(fd, buf, sizeof(buf)) <= 0)
			return;
}

static bool send_command(int fd, char **words, int n)
{
	char line[LINE_MAX_LEN] = "";
	size_t len = 0;
	int i;

	for (i = 0; i < n; i++) {
		len += snprintf(line + len, sizeof(line) - len, "%s%s",
				i ? " " : "", words[i]);
		if (len >= sizeof(line) - 1)
			return false;
	}
	line[len++] = '\n';
	discard_input(fd);
	return send_all(fd, line, len);
}

/* Return: a byte, -1 when none comes in time. */
static int next_byte(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	static unsigned char buf[4096];
	static ssize_t len, pos;

	if (pos < len)
		return buf[pos++];
	if (poll(&pfd, 1, TIMEOUT_MS) <= 0)
		return -1;
	pos = 0;
	len = read(fd, buf, sizeof(buf));
	return len > 0 ? buf[pos++] : -1;
}

static bool next_line(int fd, char **line, size_t *room)
{
	size_t len = 0;
	char *more;
	int c;

	while ((c = next_byte(fd)) >= 0 && c != '\n') {
		if (len + 1 >= *room) {
			*room = *room * 2 + 256;
			more = realloc(*line, *room);
			if (!more)
				return false;
			*line = more;
		}
		(*line)[len++] = c;
	}
	if (c < 0)
		return false;
	if (!*line) {
		*room = 256;
		*line = malloc(*room);
		if (!*line)
			return false;
	}
	(*line)[len] = '\0';
	return true;
}

/* Prints the answer; returns the exit status. */
static int print_answer(int fd)
{
	char *line = NULL;
	size_t room = 0;
	int status;

	if (!next_line(fd, &line, &room)) {
		fputs("acmectl: the device does not answer\n", stderr);
		free(line);
		return EXIT_USAGE;
	}
	status = strcmp(line, "ok") ? EXIT_ERROR : EXIT_OK;
	if (status)
		fprintf(stderr, "acmectl: %s\n", line);
	while (next_line(fd, &line, &room)) {
		if (!strcmp(line, ".")) {
			free(line);
			return status;
		}
		puts(line);
	}
	fputs("acmectl: the answer is cut off\n", stderr);
	free(line);
	return EXIT_USAGE;
}

static bool parse_nic(const char *text, unsigned int *nic)
{
	char end;

	return sscanf(text, "%u%c", nic, &end) == 1 && *nic < NICS_MAX;
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	unsigned int nic = 0;
	int first = 1;
	int fd;

	if (argc > 1 && !strcmp(argv[1], "--help")) {
		usage(stdout);
		return EXIT_OK;
	}
	if (argc > 2 && !strcmp(argv[1], "--socket")) {
		path = argv[2];
		first = 3;
	} else if (argc > 2 && !strcmp(argv[1], "--nic")) {
		if (!parse_nic(argv[2], &nic)) {
			fprintf(stderr, "acmectl: --nic %s: 0 to %u\n",
				argv[2], NICS_MAX - 1);
			return EXIT_USAGE;
		}
		first = 3;
	}
	if (first >= argc || argv[first][0] == '-') {
		usage(stderr);
		return EXIT_USAGE;
	}
	fd = path ? open_socket(path) : open_device(nic);
	if (fd < 0)
		return EXIT_USAGE;
	if (!send_command(fd, argv + first, argc - first)) {
		fputs("acmectl: can't send the command\n", stderr);
		return EXIT_USAGE;
	}
	return print_answer(fd);
}
