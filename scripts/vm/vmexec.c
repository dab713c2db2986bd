// SPDX-License-Identifier: GPL-2.0
/*
 * Run commands in another VM over virtio-serial ports.
 *
 *   vmexec serve NAME PORTS	in the other VM: serve ports NAME.0 and up
 *   vmexec run NAME COMMAND...	run a command there, here as if it were local
 *
 * Each port carries one command at a time; a client takes a port by locking a
 * file in /run. A client is two processes: should the one that the user sees be
 * killed, the other takes the command along. And should both be, a client starts
 * with a greeting: the server ends what an earlier client left, and answers with
 * the greeting's nonce, up to which the client ignores what it reads.
 *
 * Frames are struct frame and its payload, written at once. Standard input is
 * sent in chunks, each after the previous one was taken, so that a command that
 * does not read does not block the port.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORTS_DIR	"/sys/class/virtio-ports"
#define MAX_PAYLOAD	16384
#define MAX_ARGS	1024
#define NONCE_LEN	16
#define MAX_PORTS	30
#define WAIT_FOR_PORT	120	/* seconds */
#define STATUS_LINK	255	/* the link to the other VM failed */
#define STATUS_NOEXEC	127
#define SIGNAL_ORPHANED	SIGUSR1

enum frame_type {
	FRAME_HELLO,		/* nonce, both ways */
	FRAME_EXEC,		/* arguments, each with its NUL */
	FRAME_STDIN,		/* data, none for the end */
	FRAME_STDIN_TAKEN,
	FRAME_SIGNAL,		/* signal number, 32 bits */
	FRAME_STDOUT,
	FRAME_STDERR,
	FRAME_EXIT,		/* exit status, 32 bits */
};

struct frame {
	uint32_t type;
	uint32_t len;
	char payload[MAX_PAYLOAD];
};

#define FRAME_HEAD	offsetof(struct frame, payload)

/* The server's end of one command. */
struct command {
	int port;
	pid_t pid;
	int in, out, err;
	struct frame stdin_chunk;	/* being written to the command */
	size_t stdin_done;
};

static volatile sig_atomic_t caught_signal;

static void write_all(int fd, const void *data, size_t len)
{
	const char *pos = data;
	ssize_t n;

	while (len) {
		n = write(fd, pos, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		pos += n;
		len -= n;
	}
}

static void send_frame(int port, enum frame_type type, const void *payload,
		       size_t len)
{
	struct frame frame = { .type = type, .len = len };

	if (len)
		memcpy(frame.payload, payload, len);
	write_all(port, &frame, FRAME_HEAD + len);
}

static void send_number(int port, enum frame_type type, uint32_t number)
{
	send_frame(port, type, &number, sizeof(number));
}

/* A port whose other end is gone reads as end of file. */
static bool read_all(int port, void *data, size_t len)
{
	char *pos = data;
	ssize_t n;

	while (len) {
		n = read(port, pos, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		pos += n;
		len -= n;
	}
	return true;
}

static bool read_frame(int port, struct frame *frame)
{
	if (!read_all(port, frame, FRAME_HEAD))
		return false;
	if (frame->len > MAX_PAYLOAD)
		return false;
	return read_all(port, frame->payload, frame->len);
}

static uint32_t frame_number(const struct frame *frame)
{
	uint32_t number = 0;

	if (frame->len == sizeof(number))
		memcpy(&number, frame->payload, sizeof(number));
	return number;
}

/* Opens the port of a name, -1 when there is none. */
static int open_port(const char *wanted)
{
	char path[PATH_MAX], name[64] = "";
	struct dirent *entry;
	int port = -1;
	FILE *file;
	DIR *dir;

	dir = opendir(PORTS_DIR);
	while (dir && port < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), PORTS_DIR "/%s/name",
			 entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fscanf(file, "%63s", name) == 1 && !strcmp(name, wanted)) {
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			port = open(path, O_RDWR | O_CLOEXEC);
		}
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return port;
}

/* ---- server ---- */

static void exec_child(const struct frame *frame, int in, int out, int error)
{
	char *argv[MAX_ARGS + 1], *pos = (char *)frame->payload;
	char *end = pos + frame->len;
	int argc = 0;

	while (pos < end && argc < MAX_ARGS) {
		argv[argc++] = pos;
		pos += strlen(pos) + 1;
	}
	argv[argc] = NULL;
	setpgid(0, 0);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(error, STDERR_FILENO);
	signal(SIGPIPE, SIG_DFL);
	if (argc)
		execvp(argv[0], argv);
	warn("%s", argc ? argv[0] : "no command");
	_exit(STATUS_NOEXEC);
}

static void start_command(struct command *cmd, struct frame *frame)
{
	int in[2], out[2], error[2];

	if (frame->len)
		frame->payload[frame->len - 1] = '\0';
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) ||
	    pipe2(error, O_CLOEXEC))
		err(1, "pipe");
	cmd->pid = fork();
	if (cmd->pid < 0)
		err(1, "fork");
	if (!cmd->pid)
		exec_child(frame, in[0], out[1], error[1]);
	setpgid(cmd->pid, cmd->pid);
	close(in[0]);
	close(out[1]);
	close(error[1]);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	cmd->in = in[1];
	cmd->out = out[0];
	cmd->err = error[0];
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void end_command(struct command *cmd)
{
	close_fd(&cmd->in);
	close_fd(&cmd->out);
	close_fd(&cmd->err);
	cmd->stdin_chunk.len = 0;
	cmd->pid = 0;
}

static void kill_command(struct command *cmd)
{
	if (!cmd->pid)
		return;
	kill(-cmd->pid, SIGKILL);
	waitpid(cmd->pid, NULL, 0);
	end_command(cmd);
}

/* Passes on what is there; false at the end of the stream. */
static bool relay_output(int port, int fd, enum frame_type type)
{
	char data[MAX_PAYLOAD];
	ssize_t n;

	n = read(fd, data, sizeof(data));
	if (n <= 0)
		return false;
	send_frame(port, type, data, n);
	return true;
}

static bool readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return fd >= 0 && poll(&pfd, 1, 0) > 0;
}

/*
 * The command ended: what it wrote is still in the pipes. A program that it
 * left in the background may hold them open and is not waited for.
 */
static void report_exit(struct command *cmd, int status)
{
	uint32_t code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
					      WEXITSTATUS(status);

	while (readable(cmd->out) &&
	       relay_output(cmd->port, cmd->out, FRAME_STDOUT))
		;
	while (readable(cmd->err) &&
	       relay_output(cmd->port, cmd->err, FRAME_STDERR))
		;
	end_command(cmd);
	send_number(cmd->port, FRAME_EXIT, code);
}

/* Writes what the pipe takes; asks for more when all of it is taken. */
static void feed_stdin(struct command *cmd)
{
	struct frame *chunk = &cmd->stdin_chunk;
	ssize_t n;

	n = write(cmd->in, chunk->payload + cmd->stdin_done,
		  chunk->len - cmd->stdin_done);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0)
		close_fd(&cmd->in);
	else
		cmd->stdin_done += n;
	if (n >= 0 && cmd->stdin_done < chunk->len)
		return;
	chunk->len = 0;
	send_frame(cmd->port, FRAME_STDIN_TAKEN, NULL, 0);
}

static void take_stdin(struct command *cmd, const struct frame *frame)
{
	if (!frame->len || cmd->in < 0) {
		close_fd(&cmd->in);
		send_frame(cmd->port, FRAME_STDIN_TAKEN, NULL, 0);
		return;
	}
	cmd->stdin_chunk = *frame;
	cmd->stdin_done = 0;
	feed_stdin(cmd);
}

static void serve_frame(struct command *cmd, struct frame *frame)
{
	switch (frame->type) {
	case FRAME_HELLO:
		kill_command(cmd);
		send_frame(cmd->port, FRAME_HELLO, frame->payload, frame->len);
		break;
	case FRAME_EXEC:
		if (!cmd->pid)
			start_command(cmd, frame);
		break;
	case FRAME_STDIN:
		if (cmd->pid)
			take_stdin(cmd, frame);
		break;
	case FRAME_SIGNAL:
		if (cmd->pid)
			kill(-cmd->pid, frame_number(frame));
		break;
	}
}

static void serve_once(struct command *cmd)
{
	static struct frame frame;
	struct pollfd pfd[] = {
		{ .fd = cmd->port, .events = POLLIN },
		{ .fd = cmd->out, .events = POLLIN },
		{ .fd = cmd->err, .events = POLLIN },
		{ .fd = cmd->stdin_chunk.len ? cmd->in : -1, .events = POLLOUT },
	};
	int status;

	poll(pfd, 4, cmd->pid ? 20 : 1000);
	if (pfd[3].revents)
		feed_stdin(cmd);
	if (pfd[1].revents && !relay_output(cmd->port, cmd->out, FRAME_STDOUT))
		close_fd(&cmd->out);
	if (pfd[2].revents && !relay_output(cmd->port, cmd->err, FRAME_STDERR))
		close_fd(&cmd->err);
	if (pfd[0].revents & POLLIN && read_frame(cmd->port, &frame))
		serve_frame(cmd, &frame);
	else if (pfd[0].revents & POLLHUP)
		usleep(20000);
	if (cmd->pid && waitpid(cmd->pid, &status, WNOHANG) == cmd->pid)
		report_exit(cmd, status);
}

static void serve_port(const char *name)
{
	static struct command cmd = { .in = -1, .out = -1, .err = -1 };

	signal(SIGPIPE, SIG_IGN);
	cmd.port = open_port(name);
	if (cmd.port < 0)
		err(1, "%s", name);
	for (;;)
		serve_once(&cmd);
}

static void serve(const char *name, int ports)
{
	char port[64];
	int i;

	for (i = 0; i < ports; i++) {
		snprintf(port, sizeof(port), "%s.%d", name, i);
		if (!fork())
			serve_port(port);
	}
	/* May be process 1, the parent of all orphans. */
	for (;;)
		if (wait(NULL) < 0)
			pause();
}

/* ---- client ---- */

static void catch_signal(int number)
{
	caught_signal = number;
}

static void fill_signals(sigset_t *set)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				       SIGCHLD, SIGNAL_ORPHANED };
	size_t i;

	sigemptyset(set);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(set, numbers[i]);
}

static void catch_signals(const sigset_t *set)
{
	struct sigaction action = { .sa_handler = catch_signal };
	int number;

	for (number = 1; number < NSIG; number++)
		if (sigismember(set, number) == 1 && number != SIGCHLD)
			sigaction(number, &action, NULL);
	sigprocmask(SIG_UNBLOCK, set, NULL);
}

/* The lock lives as long as the descriptor, so as this process. */
static int lock_port(const char *name, int index)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "/run/vmexec-%s.%d", name, index);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A port of the name that no other client uses; waits for one. */
static int take_port(const char *name)
{
	int i, fd, port, tries;
	char full[64];

	for (tries = 0; tries < WAIT_FOR_PORT * 10; tries++) {
		for (i = 0; i < MAX_PORTS; i++) {
			fd = lock_port(name, i);
			if (fd < 0)
				continue;
			snprintf(full, sizeof(full), "%s.%d", name, i);
			port = open_port(full);
			if (port >= 0)
				return port;
			close(fd);
			break;
		}
		usleep(100000);
	}
	errx(STATUS_LINK, "no free port to %s", name);
}

/* Reads up to the answer to this client's greeting. */
static void greet(int port)
{
	struct frame hello = { .type = FRAME_HELLO, .len = NONCE_LEN };
	const size_t len = FRAME_HEAD + NONCE_LEN;
	size_t matched = 0;
	char c;

	if (getrandom(hello.payload, NONCE_LEN, 0) != NONCE_LEN)
		err(STATUS_LINK, "getrandom");
	write_all(port, &hello, len);
	while (matched < len) {
		if (!read_all(port, &c, 1))
			err(STATUS_LINK, "greeting");
		if (c == ((char *)&hello)[matched])
			matched++;
		else
			matched = c == ((char *)&hello)[0];
	}
}

static void send_command(int port, char **argv)
{
	struct frame frame = { .type = FRAME_EXEC };
	size_t len;

	for (; *argv; argv++) {
		len = strlen(*argv) + 1;
		if (frame.len + len > MAX_PAYLOAD)
			errx(STATUS_LINK, "command too long");
		memcpy(frame.payload + frame.len, *argv, len);
		frame.len += len;
	}
	write_all(port, &frame, FRAME_HEAD + frame.len);
}

/* True while there is more. */
static bool send_stdin(int port)
{
	char data[MAX_PAYLOAD];
	ssize_t n;

	n = read(STDIN_FILENO, data, sizeof(data));
	if (n < 0 && errno == EINTR)
		return true;
	send_frame(port, FRAME_STDIN, data, n > 0 ? n : 0);
	return n > 0;
}

static void forward_signal(int port)
{
	int number = caught_signal;

	if (!number)
		return;
	caught_signal = 0;
	send_number(port, FRAME_SIGNAL,
		    number == SIGNAL_ORPHANED ? SIGKILL : number);
}

static int talk(int port)
{
	static struct frame frame;
	struct pollfd pfd[] = {
		{ .fd = port, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	bool more = true;

	for (;;) {
		poll(pfd, 2, 100);
		forward_signal(port);
		if (pfd[1].revents) {
			more = send_stdin(port);
			pfd[1].fd = -1;
			pfd[1].revents = 0;
		}
		if (!pfd[0].revents)
			continue;
		if (!read_frame(port, &frame))
			errx(STATUS_LINK, "the link broke");
		if (frame.type == FRAME_STDOUT)
			write_all(STDOUT_FILENO, frame.payload, frame.len);
		else if (frame.type == FRAME_STDERR)
			write_all(STDERR_FILENO, frame.payload, frame.len);
		else if (frame.type == FRAME_STDIN_TAKEN && more)
			pfd[1].fd = STDIN_FILENO;
		else if (frame.type == FRAME_EXIT)
			return frame_number(&frame);
	}
}

static int run_orphanable(const char *name, char **argv, pid_t parent)
{
	int port;

	prctl(PR_SET_PDEATHSIG, SIGNAL_ORPHANED);
	if (getppid() != parent)
		return STATUS_LINK;
	port = take_port(name);
	greet(port);
	send_command(port, argv);
	return talk(port);
}

/* Waits for the process that talks, and hands signals on to it. */
static int run(const char *name, char **argv)
{
	pid_t talker, self = getpid();
	int status, number;
	sigset_t set;

	fill_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	talker = fork();
	if (talker < 0)
		err(STATUS_LINK, "fork");
	if (!talker) {
		catch_signals(&set);
		_exit(run_orphanable(name, argv, self));
	}
	while (waitpid(talker, &status, WNOHANG) != talker) {
		number = sigwaitinfo(&set, NULL);
		if (number > 0 && number != SIGCHLD)
			kill(talker, number);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_LINK;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "serve"))
		serve(argv[2], atoi(argv[3]));
	if (argc >= 4 && !strcmp(argv[1], "run"))
		return run(argv[2], argv + 3);
	fprintf(stderr, "usage: vmexec serve NAME PORTS\n"
			"       vmexec run NAME COMMAND...\n");
	return 2;
}
