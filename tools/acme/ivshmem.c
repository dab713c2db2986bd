// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Server of an ivshmem-doorbell function (QEMU, docs/specs/ivshmem-spec.rst).
 * The device is the peer of its only client.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nic.h"

#define IVSHMEM_PROTOCOL	0
#define IVSHMEM_SHM		-1

/* A message is a number, with one descriptor at most. */
static int send_msg(int sock, int64_t nr, int fd)
{
	union {
		struct cmsghdr hdr;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {};
	int64_t le = htole64(nr);
	struct iovec iov = { .iov_base = &le, .iov_len = sizeof(le) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.room);
		control.hdr.cmsg_level = SOL_SOCKET;
		control.hdr.cmsg_type = SCM_RIGHTS;
		control.hdr.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.hdr), &fd, sizeof(int));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) == sizeof(le) ? 0 : -1;
}

static int greet(struct ivshmem *iv)
{
	int sock = iv->client.fd;
	unsigned int i;

	if (send_msg(sock, IVSHMEM_PROTOCOL, -1) ||
	    send_msg(sock, IVSHMEM_GUEST_ID, -1) ||
	    send_msg(sock, IVSHMEM_SHM, iv->shm))
		return -1;
	for (i = 0; i < iv->vectors; i++)
		if (send_msg(sock, IVSHMEM_DEV_ID, iv->doorbells[i].watch.fd))
			return -1;
	for (i = 0; i < iv->vectors; i++)
		if (send_msg(sock, IVSHMEM_GUEST_ID, iv->irqs[i]))
			return -1;
	return 0;
}

static void drain(int fd)
{
	u64 count;

	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

static void disconnect(struct ivshmem *iv)
{
	unsigned int i;

	log_line("ivshmem: client gone");
	loop_close(&iv->client);
	for (i = 0; i < iv->vectors; i++) {
		drain(iv->doorbells[i].watch.fd);
		drain(iv->irqs[i]);
	}
	acme_dev_unplug(iv->nic->dev);
	if (iv->nic->once)
		iv->nic->stop = true;
}

/* A client has nothing to say: it is there, or gone. */
static void client_ready(void *ctx, unsigned int events)
{
	struct ivshmem *iv = ctx;
	char buf[64];
	ssize_t n;

	(void)events;
	n = read(iv->client.fd, buf, sizeof(buf));
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		disconnect(iv);
}

static void listener_ready(void *ctx, unsigned int events)
{
	struct ivshmem *iv = ctx;
	int fd = sock_accept(iv->listener.fd);

	(void)events;
	if (fd < 0)
		return;
	if (iv->client.fd >= 0) {
		log_line("ivshmem: a second client was turned away");
		close(fd);
		return;
	}
	iv->client.fd = fd;
	if (loop_add(&iv->client, EPOLLIN) || greet(iv))
		disconnect(iv);
	else
		log_line("ivshmem: client connected");
}

static void doorbell_ready(void *ctx, unsigned int events)
{
	struct doorbell *db = ctx;

	(void)events;
	drain(db->watch.fd);
	acme_dev_doorbell(db->nic->dev, db->nr);
}

static int make_regs(struct ivshmem *iv)
{
	iv->shm = memfd_create("acme-regs", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (iv->shm < 0 || ftruncate(iv->shm, ACME_REGS_SIZE))
		return -1;
	/* A smaller file would be a trap for the device. */
	if (fcntl(iv->shm, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW))
		return -1;
	iv->regs = mmap(NULL, ACME_REGS_SIZE, PROT_READ | PROT_WRITE,
			MAP_SHARED, iv->shm, 0);
	return iv->regs == MAP_FAILED ? -1 : 0;
}

static int make_vector(struct ivshmem *iv, unsigned int i)
{
	struct doorbell *db = &iv->doorbells[i];

	db->nic = iv->nic;
	db->nr = i;
	db->watch = (struct watch) {
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.ready = doorbell_ready,
		.ctx = db,
	};
	iv->irqs[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (db->watch.fd < 0 || iv->irqs[i] < 0)
		return -1;
	return loop_add(&db->watch, EPOLLIN);
}

int ivshmem_init(struct ivshmem *iv, struct nic *nic, const char *path,
		 unsigned int vectors)
{
	unsigned int i;

	iv->nic = nic;
	iv->vectors = vectors;
	iv->client = (struct watch) { -1, client_ready, iv };
	iv->listener = (struct watch) { -1, listener_ready, iv };
	if (make_regs(iv)) {
		complain("can't make BAR 2: %s", strerror(errno));
		return -1;
	}
	for (i = 0; i < vectors; i++)
		if (make_vector(iv, i)) {
			complain("can't make eventfds: %s", strerror(errno));
			return -1;
		}
	iv->listener.fd = sock_listen(path);
	if (iv->listener.fd < 0)
		return -1;
	return loop_add(&iv->listener, EPOLLIN);
}

void ivshmem_irq(struct ivshmem *iv, unsigned int vector)
{
	u64 one = 1;

	if (write(iv->irqs[vector], &one, sizeof(one)) < 0)
		log_line("ivshmem: vector %u is full", vector);
}

void ivshmem_close(struct ivshmem *iv)
{
	unsigned int i;

	loop_close(&iv->client);
	loop_close(&iv->listener);
	for (i = 0; i < iv->vectors; i++) {
		loop_close(&iv->doorbells[i].watch);
		close(iv->irqs[i]);
	}
	munmap(iv->regs, ACME_REGS_SIZE);
	close(iv->shm);
}
