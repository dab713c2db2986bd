// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The process from outside: this program is QEMU, the driver, the other end of
 * the wire and the operator. ACME_DIR names the build.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mock.h"

#define MEM_SIZE	(16U << 20)
#define TIMEOUT_MS	5000
#define VECTORS		(1 + HOST_QUEUES)
#define MAX_ARGS	24
#define NEEDED		"--mem /nonexistent --ivshmem b --wire c --ctl d"

/**
 * struct rig - a running acme-nic with all its peers
 * @dir: for sockets and memory
 * @pid: process
 * @host: driver
 * @iv: connection to the ivshmem server
 * @wire: other end of the wire
 * @doorbells: guest to device
 * @irqs: device to guest
 */
struct rig {
	char dir[64];
	pid_t pid;
	struct host host;
	int iv;
	int wire;
	int doorbells[VECTORS];
	int irqs[VECTORS];
};

static char *path_of(const struct rig *r, const char *name)
{
	static char paths[8][128];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, 128, "%s/%s", r->dir, name);
	return path;
}

static char *program(const char *name)
{
	static char path[512];

	assert_non_null(getenv("ACME_DIR"));
	snprintf(path, sizeof(path), "%s/san/%s", getenv("ACME_DIR"), name);
	return path;
}

static void start(struct rig *r, const char *option, const char *value)
{
	char *args[MAX_ARGS] = {
		program("acme-nic"), "--mem", path_of(r, "mem"),
		"--ivshmem", path_of(r, "iv"), "--wire", path_of(r, "wire"),
		"--ctl", path_of(r, "ctl"), "--log", path_of(r, "log"),
		"--pcap", r->dir, (char *)option, (char *)value,
	};
	char ready[16] = "";
	int out[2];

	assert_int_equal(pipe(out), 0);
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (!r->pid) {
		/* A test that fails must not leave it behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out[1], 1);
		execv(args[0], args);
		_exit(99);
	}
	close(out[1]);
	assert_int_equal(read(out[0], ready, sizeof(ready)), 6);
	assert_string_equal(ready, "ready\n");
	close(out[0]);
}

static int connect_to(const struct rig *r, const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path_of(r, name));
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)),
			 0);
	return fd;
}

/* A message of the ivshmem server; returns its descriptor or -1. */
static int receive_msg(int sock, int64_t *nr)
{
	union {
		struct cmsghdr hdr;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec iov = { .iov_base = nr, .iov_len = sizeof(*nr) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	int fd = -1;

	assert_int_equal(recvmsg(sock, &msg, MSG_WAITALL), 8);
	if (CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void expect_msg(struct rig *r, int64_t want, int *fd)
{
	int64_t nr;
	int got = receive_msg(r->iv, &nr);

	assert_int_equal(nr, want);
	if (fd)
		*fd = got;
	assert_int_equal(got >= 0, !!fd);
}

static void ring(void *ctx, unsigned int doorbell)
{
	struct rig *r = ctx;
	u64 one = 1;

	assert_int_equal(write(r->doorbells[doorbell], &one, 8), 8);
}

static bool wait_a_bit(void *ctx)
{
	static int left = TIMEOUT_MS * 10;

	(void)ctx;
	usleep(100);
	return left-- > 0;
}

static void plug(struct rig *r)
{
	int fd, i, shm;

	r->iv = connect_to(r, "iv");
	expect_msg(r, 0, NULL);
	expect_msg(r, 0, NULL);
	expect_msg(r, -1, &shm);
	for (i = 0; i < VECTORS; i++)
		expect_msg(r, ACME_PEER_ID, &r->doorbells[i]);
	for (i = 0; i < VECTORS; i++)
		expect_msg(r, 0, &r->irqs[i]);
	fd = open(path_of(r, "mem"), O_RDWR);
	r->host = (struct host) {
		.size = MEM_SIZE, .next = 4096, .ring = ring,
		.wait = wait_a_bit, .ctx = r,
	};
	r->host.mem = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			   fd, 0);
	r->host.regs = mmap(NULL, ACME_REGS_SIZE, PROT_READ | PROT_WRITE,
			    MAP_SHARED, shm, 0);
	assert_ptr_not_equal(r->host.mem, MAP_FAILED);
	assert_ptr_not_equal(r->host.regs, MAP_FAILED);
	close(fd);
	close(shm);
}

static void unplug(struct rig *r)
{
	int i;

	close(r->iv);
	for (i = 0; i < VECTORS; i++) {
		close(r->doorbells[i]);
		close(r->irqs[i]);
	}
	munmap(r->host.mem, MEM_SIZE);
	munmap(r->host.regs, ACME_REGS_SIZE);
}

static void set_up(struct rig *r, const char *option, const char *value)
{
	int fd;

	*r = (struct rig) { .dir = "/tmp/acme-smoke-XXXXXX" };
	assert_non_null(mkdtemp(r->dir));
	fd = open(path_of(r, "mem"), O_RDWR | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, MEM_SIZE), 0);
	close(fd);
	start(r, option, value);
}

static int exit_status(struct rig *r)
{
	int status;

	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect_no_sockets(const struct rig *r)
{
	assert_int_equal(access(path_of(r, "iv"), F_OK), -1);
	assert_int_equal(access(path_of(r, "wire"), F_OK), -1);
	assert_int_equal(access(path_of(r, "ctl"), F_OK), -1);
}

static void tear_down(struct rig *r)
{
	kill(r->pid, SIGTERM);
	assert_int_equal(exit_status(r), 0);
	expect_no_sockets(r);
	unlink(path_of(r, "mem"));
	unlink(path_of(r, "log"));
	unlink(path_of(r, "wire0.pcap"));
	assert_int_equal(rmdir(r->dir), 0);
}

/* Runs acmectl; returns its status and what it printed. */
static int acmectl(const struct rig *r, const char *command, char *out,
		   size_t size)
{
	char line[768];
	size_t n;
	FILE *p;

	snprintf(line, sizeof(line), "%s --socket %s %s 2>&1",
		 program("acmectl"), path_of(r, "ctl"), command);
	p = popen(line, "r");
	assert_non_null(p);
	n = fread(out, 1, size - 1, p);
	out[n] = '\0';
	return WEXITSTATUS(pclose(p));
}

static void wait_link(struct rig *r, u32 want)
{
	while (host_reg(&r->host, ACME_REG_LINK) != want)
		assert_true(wait_a_bit(NULL));
}

static void connect_wire(struct rig *r)
{
	r->wire = connect_to(r, "wire");
	wait_link(r, ACME_LINK_UP);
}

static void wire_write(struct rig *r, const u8 *frame, u32 len, bool slowly)
{
	u8 buf[4096];
	u32 i;

	put_be32(buf, len);
	memcpy(buf + 4, frame, len);
	if (!slowly) {
		assert_int_equal(write(r->wire, buf, len + 4), len + 4);
		return;
	}
	for (i = 0; i < len + 4; i++) {
		assert_int_equal(write(r->wire, buf + i, 1), 1);
		usleep(50);
	}
}

static u32 wire_read(struct rig *r, u8 *frame)
{
	struct pollfd pfd = { .fd = r->wire, .events = POLLIN };
	u8 head[4];
	u32 len;

	assert_int_equal(poll(&pfd, 1, TIMEOUT_MS), 1);
	assert_int_equal(recv(r->wire, head, 4, MSG_WAITALL), 4);
	len = get_be32(head);
	assert_true(len <= 2048);
	assert_int_equal(recv(r->wire, frame, len, MSG_WAITALL), len);
	return len;
}

static void bring_up(struct rig *r)
{
	assert_int_equal(host_reg(&r->host, ACME_REG_MAGIC), ACME_MAGIC);
	assert_int_equal(host_reset(&r->host), ACME_STATUS_READY);
	assert_int_equal(host_vport(&r->host, ACME_VPORT_ENABLE, 1500,
				    mock_mac), ACME_ST_OK);
	assert_int_equal(host_queue_create(&r->host, 0), ACME_ST_OK);
	host_rx_post(&r->host, 0, RING_SIZE);
}

static void expect_irq(struct rig *r, u32 vector)
{
	struct pollfd pfd = { .fd = r->irqs[vector], .events = POLLIN };
	u64 count;

	assert_int_equal(poll(&pfd, 1, TIMEOUT_MS), 1);
	assert_int_equal(read(r->irqs[vector], &count, 8), 8);
}

static void receive(struct rig *r, const u8 *want, u32 len)
{
	static struct rx_frame f;

	while (!host_rx(&r->host, 0, &f))
		assert_true(wait_a_bit(NULL));
	assert_int_equal(f.len, len);
	assert_memory_equal(f.data, want, len);
	host_rx_post(&r->host, 0, 1);
}

static void test_loop(void **state)
{
	u8 pkt[2048], back[2048];
	struct rig r;
	u32 i, len;

	(void)state;
	set_up(&r, NULL, NULL);
	plug(&r);
	connect_wire(&r);
	bring_up(&r);
	expect_irq(&r, 0);
	host_reg_write(&r.host, ACME_REG_QUEUE(0) + ACME_QREG_ARM, 1);
	for (i = 0; i < 200; i++) {
		len = mock_packet(pkt, i & 1 ? 4 : 6, PROTO_UDP, i);
		host_tx(&r.host, 0, pkt, len, NULL);
		assert_int_equal(wire_read(&r, back), len);
		assert_memory_equal(back, pkt, len);
		wire_write(&r, back, len, i == 5);
		receive(&r, pkt, len);
	}
	expect_irq(&r, 1);
	close(r.wire);
	wait_link(&r, 0);
	connect_wire(&r);
	close(r.wire);
	unplug(&r);
	tear_down(&r);
}

/* As many frames as can't fit into sockets and rings together. */
static void test_burst(void **state)
{
	enum { FRAMES = 3000 };
	u8 pkt[2048];
	struct rig r;
	u32 i, len, sent = 0;
	ssize_t n;

	(void)state;
	set_up(&r, NULL, NULL);
	plug(&r);
	connect_wire(&r);
	bring_up(&r);
	len = mock_packet(pkt + 4, 4, PROTO_UDP, 1400);
	put_be32(pkt, len);
	for (i = 0; i < FRAMES; ) {
		n = send(r.wire, pkt + sent, len + 4 - sent, MSG_DONTWAIT);
		if (n > 0)
			sent += n;
		if (sent == len + 4 && ++i)
			sent = 0;
		if (n < 0 || i % 50 == 49)
			receive(&r, pkt + 4, len);
	}
	while (host_reg(&r.host, ACME_REG_MAGIC) && r.host.q[0].rx_head < FRAMES)
		receive(&r, pkt + 4, len);
	close(r.wire);
	unplug(&r);
	tear_down(&r);
}

static void test_control(void **state)
{
	static char out[200000];
	struct acme_event ev;
	struct rig r;

	(void)state;
	set_up(&r, "--profile", "few-sas");
	plug(&r);
	connect_wire(&r);
	bring_up(&r);
	assert_int_equal(acmectl(&r, "version", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "few-sas"));
	assert_int_equal(acmectl(&r, "link down", out, sizeof(out)), 0);
	wait_link(&r, 0);
	assert_true(host_event(&r.host, &ev));
	assert_int_equal(le16_to_cpu(ev.type), ACME_EV_LINK);
	assert_int_equal(acmectl(&r, "link up", out, sizeof(out)), 0);
	wait_link(&r, ACME_LINK_UP);
	assert_int_equal(acmectl(&r, "dump json", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "\"qid\": 0"));
	assert_int_equal(acmectl(&r, "fault irq-drop 3", out, sizeof(out)), 0);
	assert_int_equal(acmectl(&r, "fault list", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "irq-drop 3"));
	assert_int_equal(acmectl(&r, "fault sa_run late-after 300 2", out,
				 sizeof(out)), 0);
	assert_int_equal(acmectl(&r, "fault SA_STOP kill-before", out,
				 sizeof(out)), 0);
	assert_int_equal(acmectl(&r, "fault list", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "\nSA_RUN late-after 300 2\n"));
	assert_non_null(strstr(out, "\nSA_STOP kill-before\n"));
	assert_int_equal(acmectl(&r, "fault SA_RUN", out, sizeof(out)), 1);
	assert_int_equal(acmectl(&r, "fault SA_RUN late-after", out,
				 sizeof(out)), 1);
	assert_int_equal(acmectl(&r, "fault SA_RUN break", out,
				 sizeof(out)), 1);
	assert_non_null(strstr(out, "late-after MS"));
	assert_int_equal(acmectl(&r, "fault wire-cut 10 7", out, sizeof(out)),
			 0);
	assert_int_equal(acmectl(&r, "fault list", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "\nwire-cut 10 7\n"));
	assert_int_equal(acmectl(&r, "fault wire-cut 101", out, sizeof(out)),
			 1);
	assert_non_null(strstr(out, "wire-cut PERCENT [SEED]"));
	assert_int_equal(acmectl(&r, "fault clear", out, sizeof(out)), 0);
	assert_int_equal(acmectl(&r, "fault list", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "\nwire-cut 0 0\n"));
	assert_int_equal(acmectl(&r, "nonsense", out, sizeof(out)), 1);
	assert_non_null(strstr(out, "dump fault help link stats version"));
	assert_int_equal(acmectl(&r, "", out, sizeof(out)), 2);
	assert_int_equal(acmectl(&r, "stats", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "tx_frames 0\n"));
	close(r.wire);
	unplug(&r);
	tear_down(&r);
}

/* What the host gets until all of a packet is there, and that it is whole. */
static void receive_pieces(struct rig *r, const u8 *pkt, u32 len)
{
	static struct rx_frame f;
	u32 at = 0;
	bool more;

	do {
		while (!host_rx(&r->host, 0, &f))
			assert_true(wait_a_bit(NULL));
		more = get_be16(f.data + 20) & 0x2000;
		assert_int_equal(get_be16(f.data + 20) & 0x1fff, at / 8);
		assert_true(at || more);
		assert_memory_equal(f.data + 34, pkt + 34 + at, f.len - 34);
		at += f.len - 34;
		host_rx_post(&r->host, 0, 1);
	} while (more);
	assert_int_equal(at, len - 34);
}

/* More pieces than the host has buffers; the counter is of packets. */
static void test_wire_cut(void **state)
{
	static char out[200000];
	u8 pkt[2048];
	struct rig r;
	u32 i, len;

	(void)state;
	set_up(&r, NULL, NULL);
	plug(&r);
	connect_wire(&r);
	bring_up(&r);
	assert_int_equal(acmectl(&r, "fault wire-cut 100 7", out, sizeof(out)),
			 0);
	len = mock_packet(pkt, 4, PROTO_UDP, 400);
	pkt[23] = PROTO_ESP;
	acme_csum_ipv4(pkt + ETH_HDR_LEN);
	for (i = 0; i < RING_SIZE; i++)
		wire_write(&r, pkt, len, false);
	for (i = 0; i < RING_SIZE; i++)
		receive_pieces(&r, pkt, len);
	assert_int_equal(acmectl(&r, "fault clear", out, sizeof(out)), 0);
	wire_write(&r, pkt, len, false);
	receive(&r, pkt, len);
	assert_int_equal(acmectl(&r, "dump json", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "\"cut_percent\": 0"));
	assert_non_null(strstr(out, "\"cut_frames\": 64"));
	close(r.wire);
	unplug(&r);
	tear_down(&r);
}

/* Sends until the wire takes no more; returns the frames. */
static u32 fill_wire(struct rig *r, const u8 *pkt, u32 len)
{
	struct ring_pair *q = &r->host.q[0];
	const u32 *head = (const u32 *)(r->host.mem + q->tx_head);
	u32 idle = 0;

	while (idle < 2000) {
		if (q->tx_tail - __atomic_load_n(head, __ATOMIC_ACQUIRE) ==
		    RING_SIZE) {
			assert_true(wait_a_bit(NULL));
			idle++;
			continue;
		}
		host_tx(&r->host, 0, pkt, len, NULL);
		idle = 0;
	}
	return q->tx_tail;
}

/* A peer that does not read loses nothing when it reads again. */
static void test_wire_full(void **state)
{
	u8 pkt[2048], back[2048];
	u32 i, n, len;
	struct rig r;

	(void)state;
	set_up(&r, NULL, NULL);
	plug(&r);
	connect_wire(&r);
	bring_up(&r);
	len = mock_packet(pkt, 4, PROTO_UDP, 1400);
	n = fill_wire(&r, pkt, len);
	assert_in_range(n, 2 * RING_SIZE, 10000);
	for (i = 0; i < n; i++) {
		assert_int_equal(wire_read(&r, back), len);
		assert_memory_equal(back, pkt, len);
	}
	close(r.wire);
	unplug(&r);
	tear_down(&r);
}

/* Counts the lines that are a single dot, across pieces. */
static u32 count_dots(const char *buf, ssize_t n, u32 *column)
{
	u32 dots = 0;
	ssize_t i;

	for (i = 0; i < n; i++) {
		if (buf[i] == '\n') {
			dots += *column == 1;
			*column = 0;
		} else {
			*column = *column || buf[i] != '.' ? 2 : 1;
		}
	}
	return dots;
}

/* Commands wait, and are not forgotten, while nobody reads the answers. */
static void test_control_batch(void **state)
{
	enum { COMMANDS = 200 };
	const struct timeval timeout = { .tv_sec = TIMEOUT_MS / 1000 };
	static char cmds[COMMANDS * 5], buf[65536];
	u32 dots = 0, column = 0;
	struct rig r;
	ssize_t n;
	int fd;

	(void)state;
	for (n = 0; n < COMMANDS; n++)
		memcpy(cmds + 5 * n, "dump\n", 5);
	set_up(&r, NULL, NULL);
	fd = connect_to(&r, "ctl");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	assert_int_equal(write(fd, cmds, sizeof(cmds)), sizeof(cmds));
	usleep(200000);
	while (dots < COMMANDS) {
		n = recv(fd, buf, sizeof(buf), 0);
		assert_true(n > 0);
		dots += count_dots(buf, n, &column);
	}
	close(fd);
	tear_down(&r);
}

/* A guest that goes leaves nothing for the next. */
static void test_replug(void **state)
{
	static char out[200000];
	struct acme_cmd cmd;
	struct rig r;

	(void)state;
	set_up(&r, NULL, NULL);
	plug(&r);
	bring_up(&r);
	host_fill_sa(&r.host, &cmd, 0, 4, 77);
	assert_int_not_equal(host_sa_add(&r.host, &cmd), 0);
	unplug(&r);
	plug(&r);
	assert_int_equal(host_reg(&r.host, ACME_REG_STATUS), 0);
	bring_up(&r);
	assert_int_equal(acmectl(&r, "dump", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "num_sas: 0"));
	unplug(&r);
	tear_down(&r);
}

/* What each profile takes away; 0 in @max_sas: as many as the default has. */
static const struct profile_case {
	const char *name;
	u32 max_sas;
	u32 max_window;
	u32 lacks;
	u32 limits;
	u32 handover;
} profile_cases[] = {
	{ "default", 0, 4096, 0, ACME_LIMITS_ALL, ACME_HANDOVER_ALL },
	{ "test-and-set", 0, 4096, 0, ACME_LIMITS_ALL, ACME_HANDOVER_ALL },
	{ "dump-only", 0, 4096, 0, ACME_LIMITS_ALL, ACME_HANDOVER_SNAPSHOT },
	{ "packets-only", 0, 4096, 0, ACME_LIMITS_PACKETS,
	  ACME_HANDOVER_ALL },
	{ "bytes-only", 0, 4096, 0, ACME_LIMITS_BYTES, ACME_HANDOVER_ALL },
	{ "drop-only", 0, 4096, ACME_IPSEC_EXC_RAW, ACME_LIMITS_ALL, 0 },
	{ "small-window", 0, 64, 0, ACME_LIMITS_ALL, ACME_HANDOVER_ALL },
	{ "no-esn", 0, 4096, ACME_IPSEC_ESN, ACME_LIMITS_ALL,
	  ACME_HANDOVER_ALL },
	{ "few-sas", 4, 4096, 0, ACME_LIMITS_ALL, ACME_HANDOVER_ALL },
	{ "no-policies", 0, 4096, 0, ACME_LIMITS_ALL, ACME_HANDOVER_ALL },
	{ "tunnel-only", 0, 4096, ACME_IPSEC_TRANSPORT, ACME_LIMITS_ALL,
	  ACME_HANDOVER_ALL },
	{ "transport-ipv6", 0, 4096,
	  ACME_IPSEC_TUNNEL | ACME_IPSEC_IPV4 | ACME_IPSEC_MIXED,
	  ACME_LIMITS_ALL, ACME_HANDOVER_ALL },
	{ "basic", 0, 4096,
	  ACME_IPSEC_ALL & ~(ACME_IPSEC_TUNNEL | ACME_IPSEC_IPV4 |
			     ACME_IPSEC_EXC_RAW),
	  0, ACME_HANDOVER_ALL },
	{ "no-ipsec", 1, 0, ACME_IPSEC_ALL, 0, 0 },
};

static void profile_case(const struct profile_case *p)
{
	const struct acme_rsp_caps *caps;
	struct acme_cmd cmd = {};
	struct rig r;

	set_up(&r, "--profile", p->name);
	plug(&r);
	bring_up(&r);
	assert_int_equal(host_admin(&r.host, ACME_OP_GET_CAPS, &cmd),
			 ACME_ST_OK);
	caps = &cmd.caps;
	assert_int_equal(le32_to_cpu(caps->max_sas),
			 p->max_sas ? p->max_sas : 4096);
	assert_int_equal(le32_to_cpu(caps->max_window), p->max_window);
	assert_int_equal(le32_to_cpu(caps->ipsec), ACME_IPSEC_ALL & ~p->lacks);
	assert_int_equal(le32_to_cpu(caps->limits_out), p->limits);
	assert_int_equal(le32_to_cpu(caps->limits_in), p->limits);
	assert_int_equal(le32_to_cpu(caps->handover), p->handover);
	assert_int_equal(le32_to_cpu(caps->max_policies), 0);
	unplug(&r);
	tear_down(&r);
}

static void test_profiles(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(profile_cases); i++)
		profile_case(&profile_cases[i]);
}

/* A profile that is of the first interface. */
static void test_old_interface(void **state)
{
	char out[256];
	struct rig r;

	(void)state;
	set_up(&r, "--profile", "drop-only");
	plug(&r);
	bring_up(&r);
	assert_int_equal(acmectl(&r, "version", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "interface 1.0, profile drop-only"));
	assert_int_equal(host_reg(&r.host, ACME_REG_VERSION),
			 ACME_VERSION_MAJOR << 16);
	unplug(&r);
	tear_down(&r);
}

static void test_once(void **state)
{
	struct rig r;

	(void)state;
	set_up(&r, "--once", NULL);
	plug(&r);
	unplug(&r);
	assert_int_equal(exit_status(&r), 0);
	expect_no_sockets(&r);
	unlink(path_of(&r, "mem"));
	unlink(path_of(&r, "log"));
	unlink(path_of(&r, "wire0.pcap"));
	assert_int_equal(rmdir(r.dir), 0);
}

static int run_with(const char *args)
{
	char line[1024];

	snprintf(line, sizeof(line), "%s %s >/dev/null 2>&1",
		 program("acme-nic"), args);
	return WEXITSTATUS(system(line));
}

static void test_command_line(void **state)
{
	(void)state;
	assert_int_equal(run_with("--help"), 0);
	assert_int_equal(run_with("--version"), 0);
	assert_int_equal(run_with(""), 2);
	assert_int_equal(run_with("--nonsense"), 2);
	assert_int_equal(run_with(NEEDED " --profile x"), 2);
	assert_int_equal(run_with(NEEDED " --queues 16"), 2);
	assert_int_equal(run_with(NEEDED " --queues 4x"), 2);
	assert_int_equal(run_with(NEEDED " --mac 01:00:00:00:00:00"), 2);
	assert_int_equal(run_with(NEEDED " --mac 02:00:00:00:00"), 2);
	assert_int_equal(run_with(NEEDED " more"), 2);
	assert_int_equal(run_with(NEEDED), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_wire_full),
		cmocka_unit_test(test_wire_cut),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_control_batch),
		cmocka_unit_test(test_replug),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_old_interface),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_command_line),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("smoke", tests, NULL, NULL);
}
