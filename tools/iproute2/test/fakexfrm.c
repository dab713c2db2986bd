// SPDX-License-Identifier: GPL-2.0
/*
 * A stand-in for the kernel's side of NETLINK_XFRM, to be preloaded into ip.
 *
 * It records every request in the file $FAKEXFRM_SENT. A request for a dump
 * gets the messages in the file $FAKEXFRM_REPLY and an end of dump, one for an
 * object gets the first of these messages, and any other gets an
 * acknowledgment or, with $FAKEXFRM_EXTACK set, EOPNOTSUPP and that text.
 * All other sockets are left to the kernel.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>

/* The host's header may not have it yet. */
#define FAKE_MSG_GETOFFLOAD	43

#define REAL(name)	((typeof(name) *)dlsym(RTLD_NEXT, #name))

static char reply[65536];
static int xfrm_fd = -1;
static int kernel_fd = -1;

static void die(const char *what)
{
	perror(what);
	_exit(99);
}

static void record(const void *buf, size_t len)
{
	const char *path = getenv("FAKEXFRM_SENT");
	int fd;

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || write(fd, buf, len) != (ssize_t)len)
		die(path);
	close(fd);
}

static size_t load_reply(void)
{
	const char *path = getenv("FAKEXFRM_REPLY");
	ssize_t len;
	int fd;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY);
	if (fd < 0)
		die(path);
	len = read(fd, reply, sizeof(reply));
	if (len < 0)
		die(path);
	close(fd);
	return len;
}

static void answer(struct nlmsghdr *n, const struct nlmsghdr *req)
{
	n->nlmsg_seq = req->nlmsg_seq;
	n->nlmsg_pid = getpid();
	if (write(kernel_fd, n, n->nlmsg_len) != (ssize_t)n->nlmsg_len)
		die("fakexfrm: answer");
}

static void answer_done(const struct nlmsghdr *req)
{
	struct {
		struct nlmsghdr n;
		int error;
	} done = {
		.n.nlmsg_len = sizeof(done),
		.n.nlmsg_type = NLMSG_DONE,
		.n.nlmsg_flags = NLM_F_MULTI,
	};

	answer(&done.n, req);
}

static void answer_loaded(const struct nlmsghdr *req, int multi)
{
	size_t len = load_reply();
	struct nlmsghdr *n;

	for (n = (void *)reply; NLMSG_OK(n, len); n = NLMSG_NEXT(n, len)) {
		n->nlmsg_flags |= multi;
		answer(n, req);
		if (!multi)
			return;
	}
	if (multi)
		answer_done(req);
}

static void answer_ack(const struct nlmsghdr *req)
{
	const char *text = getenv("FAKEXFRM_EXTACK");
	struct {
		struct nlmsghdr n;
		struct nlmsgerr err;
		struct nlattr attr;
		char text[256];
	} ack = {
		.n.nlmsg_len = NLMSG_LENGTH(sizeof(ack.err)),
		.n.nlmsg_type = NLMSG_ERROR,
		.n.nlmsg_flags = NLM_F_CAPPED,
		.err.msg = *req,
	};

	if (text) {
		size_t len = strnlen(text, sizeof(ack.text) - 1) + 1;

		ack.err.error = -EOPNOTSUPP;
		ack.attr.nla_type = NLMSGERR_ATTR_MSG;
		ack.attr.nla_len = NLA_HDRLEN + len;
		memcpy(ack.text, text, len - 1);
		ack.n.nlmsg_flags |= NLM_F_ACK_TLVS;
		ack.n.nlmsg_len += NLA_ALIGN(ack.attr.nla_len);
	}
	answer(&ack.n, req);
}

static ssize_t request(const void *buf, size_t len)
{
	const struct nlmsghdr *n = buf;

	record(buf, len);
	switch (n->nlmsg_type) {
	case XFRM_MSG_GETSA:
	case XFRM_MSG_GETPOLICY:
	case FAKE_MSG_GETOFFLOAD:
		answer_loaded(n, n->nlmsg_flags & NLM_F_DUMP ? NLM_F_MULTI : 0);
		break;
	case XFRM_MSG_ALLOCSPI:
		answer_loaded(n, 0);
		break;
	default:
		answer_ack(n);
	}
	return len;
}

int socket(int domain, int type, int protocol)
{
	int fds[2];

	if (domain != AF_NETLINK || protocol != NETLINK_XFRM)
		return REAL(socket)(domain, type, protocol);

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds))
		die("fakexfrm: socketpair");
	xfrm_fd = fds[0];
	kernel_fd = fds[1];
	return xfrm_fd;
}

int close(int fd)
{
	if (fd == xfrm_fd) {
		xfrm_fd = -1;
		REAL(close)(kernel_fd);
	}
	return REAL(close)(fd);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	return fd == xfrm_fd ? 0 : REAL(bind)(fd, addr, len);
}

int setsockopt(int fd, int level, int name, const void *val, socklen_t len)
{
	if (fd == xfrm_fd)
		return 0;
	return REAL(setsockopt)(fd, level, name, val, len);
}

int getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct sockaddr_nl nl = {
		.nl_family = AF_NETLINK,
		.nl_pid = getpid(),
	};

	if (fd != xfrm_fd)
		return REAL(getsockname)(fd, addr, len);
	memcpy(addr, &nl, sizeof(nl));
	*len = sizeof(nl);
	return 0;
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	if (fd == xfrm_fd)
		return request(buf, len);
	return REAL(send)(fd, buf, len, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (fd == xfrm_fd)
		return request(msg->msg_iov[0].iov_base,
			       msg->msg_iov[0].iov_len);
	return REAL(sendmsg)(fd, msg, flags);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK };
	void *name = msg->msg_name;
	ssize_t len;

	len = REAL(recvmsg)(fd, msg, flags);
	if (fd != xfrm_fd || !name)
		return len;
	memcpy(name, &nl, sizeof(nl));
	msg->msg_name = name;
	msg->msg_namelen = sizeof(nl);
	return len;
}
