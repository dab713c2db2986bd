// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* acme-nic: a model of the acme NIC in a process. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "nic.h"

#define MAX_SAS		BIT(20)

/**
 * struct options - the command line
 * @mem: file of the guest's RAM
 * @ivshmem: socket of the ivshmem server
 * @wire: socket of port 0
 * @ctl: socket of the operator
 * @pcap: folder for captures, or NULL
 * @log: file, or NULL
 * @once: end with the first connection
 * @cfg: adapter
 */
struct options {
	const char *mem;
	const char *ivshmem;
	const char *wire;
	const char *ctl;
	const char *pcap;
	const char *log;
	bool once;
	struct acme_config cfg;
};

static const struct acme_config factory = {
	.mac = { 0x02, 0xac, 0x3e, 0x00, 0x00, 0x01 },
};

enum {
	OPT_MEM = 256, OPT_IVSHMEM, OPT_WIRE, OPT_CTL, OPT_MAC, OPT_PCAP,
	OPT_PROFILE, OPT_LOG, OPT_ONCE, OPT_QUEUES, OPT_MAX_SAS, OPT_HELP,
	OPT_VERSION
};

static const struct option long_options[] = {
	{ "mem", required_argument, NULL, OPT_MEM },
	{ "ivshmem", required_argument, NULL, OPT_IVSHMEM },
	{ "wire", required_argument, NULL, OPT_WIRE },
	{ "ctl", required_argument, NULL, OPT_CTL },
	{ "mac", required_argument, NULL, OPT_MAC },
	{ "pcap", required_argument, NULL, OPT_PCAP },
	{ "profile", required_argument, NULL, OPT_PROFILE },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "once", no_argument, NULL, OPT_ONCE },
	{ "queues", required_argument, NULL, OPT_QUEUES },
	{ "max-sas", required_argument, NULL, OPT_MAX_SAS },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ }
};

static void usage(FILE *out)
{
	fputs("usage: acme-nic --mem FILE --ivshmem SOCK --wire SOCK --ctl SOCK [OPTION]...\n"
	      "  --mem FILE      RAM of the guest, at most 2 GiB\n"
	      "  --ivshmem SOCK  listen for QEMU's ivshmem-doorbell\n"
	      "  --wire SOCK     listen for the other end of port 0 (-netdev stream)\n"
	      "  --ctl SOCK      listen for acmectl\n"
	      "  --mac MAC       station address (02:ac:3e:00:00:01)\n"
	      "  --pcap DIR      capture the wire into DIR/wire0.pcap\n"
	      "  --profile NAME  what the adapter can do, see below (default)\n"
	      "  --log FILE      append events and errors\n"
	      "  --once          end when QEMU disconnects\n"
	      "  --queues N      queue pairs, 1 to 15 (4)\n"
	      "  --max-sas N     SAs, instead of the profile's\n"
	      "profiles:\n", out);
	profile_list(out);
}

static bool parse_mac(const char *text, u8 *mac)
{
	unsigned int b[6];
	char end;
	int i;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2],
		   &b[3], &b[4], &b[5], &end) != 6 || b[0] & 1)
		return false;
	for (i = 0; i < 6; i++)
		mac[i] = b[i];
	return true;
}

static bool parse_number(const char *text, u32 max, u32 *value)
{
	unsigned long v;
	char *rest;

	errno = 0;
	v = strtoul(text, &rest, 0);
	*value = v;
	return !errno && rest != text && !*rest && v >= 1 && v <= max;
}

/* Options that need the profile to be known are seen in a second pass. */
static bool adapter_option(struct options *o, int opt, const char *arg)
{
	switch (opt) {
	case OPT_MAC:
		if (parse_mac(arg, o->cfg.mac))
			return true;
		complain("--mac %s: not a unicast address", arg);
		return false;
	case OPT_QUEUES:
		if (parse_number(arg, ACME_MAX_QUEUES, &o->cfg.num_queues))
			return true;
		complain("--queues %s: 1 to %u", arg, ACME_MAX_QUEUES);
		return false;
	case OPT_MAX_SAS:
		if (parse_number(arg, MAX_SAS, &o->cfg.max_sas))
			return true;
		complain("--max-sas %s: 1 to %u", arg, MAX_SAS);
		return false;
	default:
		return true;
	}
}

static bool process_option(struct options *o, int opt, const char *arg)
{
	const char **text = NULL;

	switch (opt) {
	case OPT_MEM:
		text = &o->mem;
		break;
	case OPT_IVSHMEM:
		text = &o->ivshmem;
		break;
	case OPT_WIRE:
		text = &o->wire;
		break;
	case OPT_CTL:
		text = &o->ctl;
		break;
	case OPT_PCAP:
		text = &o->pcap;
		break;
	case OPT_LOG:
		text = &o->log;
		break;
	case OPT_ONCE:
		o->once = true;
		break;
	case '?':
		return false;
	}
	if (text)
		*text = arg;
	return true;
}

static void information(int opt)
{
	if (opt == OPT_HELP)
		usage(stdout);
	else if (opt == OPT_VERSION)
		printf("acme-nic %s, interface %u.%u\n", ACME_FW_VERSION,
		       ACME_VERSION_MAJOR, ACME_VERSION_MINOR);
	else
		return;
	exit(0);
}

static bool first_pass(struct options *o, int argc, char **argv)
{
	const char *profile = "default";
	int opt;

	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		information(opt);
		if (opt == OPT_PROFILE)
			profile = optarg;
		if (!process_option(o, opt, optarg))
			return false;
	}
	if (optind < argc) {
		complain("%s: what is this?", argv[optind]);
		return false;
	}
	if (!profile_find(profile, &o->cfg)) {
		complain("--profile %s: unknown, see --help", profile);
		return false;
	}
	return true;
}

static bool parse_options(struct options *o, int argc, char **argv)
{
	int opt;

	*o = (struct options) { };
	if (!first_pass(o, argc, argv))
		return false;
	memcpy(o->cfg.mac, factory.mac, sizeof(o->cfg.mac));
	optind = 1;
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!adapter_option(o, opt, optarg))
			return false;
	if (!o->mem || !o->ivshmem || !o->wire || !o->ctl) {
		complain("--mem, --ivshmem, --wire and --ctl are needed, see --help");
		return false;
	}
	return true;
}

static void *op_dma(void *ctx, u64 addr, u64 len)
{
	struct nic *nic = ctx;

	return mem_at(&nic->mem, addr, len);
}

static void op_irq(void *ctx, unsigned int vector)
{
	struct nic *nic = ctx;

	ivshmem_irq(&nic->iv, vector);
}

static bool op_tx_ready(void *ctx)
{
	struct nic *nic = ctx;

	return wire_tx_ready(&nic->wire);
}

static void op_tx(void *ctx, const u8 *frame, size_t len)
{
	struct nic *nic = ctx;

	wire_tx(&nic->wire, frame, len);
}

static u64 op_now(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/* Can't fail: the buffer is small, and the kernel has been up for a while. */
static void op_random(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	if (getrandom(buf, len, 0) != (ssize_t)len)
		abort();
}

static void op_log(void *ctx, const char *fmt, ...)
{
	va_list args;

	(void)ctx;
	va_start(args, fmt);
	log_vline(fmt, args);
	va_end(args);
}

static const struct acme_ops nic_ops = {
	.dma = op_dma,
	.irq = op_irq,
	.tx_ready = op_tx_ready,
	.tx = op_tx,
	.now = op_now,
	.random = op_random,
	.log = op_log,
};

/* Expiry only ends the wait: the device runs after each. */
static void timer_ready(void *ctx, unsigned int events)
{
	struct nic *nic = ctx;
	u64 count;

	(void)events;
	if (read(nic->timer.fd, &count, sizeof(count)) < 0)
		return;
}

static void signal_ready(void *ctx, unsigned int events)
{
	struct nic *nic = ctx;

	(void)events;
	nic->stop = true;
}

static int watch_signals(struct nic *nic)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	nic->signals = (struct watch) {
		signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), signal_ready,
		nic,
	};
	return nic->signals.fd < 0 ? -1 : loop_add(&nic->signals, EPOLLIN);
}

static int watch_timer(struct nic *nic)
{
	nic->timer = (struct watch) {
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
		timer_ready, nic,
	};
	return nic->timer.fd < 0 ? -1 : loop_add(&nic->timer, EPOLLIN);
}

static void set_timer(struct nic *nic, u64 at)
{
	struct itimerspec spec = {
		.it_value.tv_sec = at / NSEC_PER_SEC,
		.it_value.tv_nsec = at % NSEC_PER_SEC,
	};

	timerfd_settime(nic->timer.fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void run(struct nic *nic)
{
	u64 next, timer = 0;
	bool more = true;

	while (!nic->stop) {
		loop_wait(!more);
		more = acme_dev_run(nic->dev);
		more |= wire_rx(&nic->wire);
		acme_dev_irqs(nic->dev);
		wire_flush(&nic->wire);
		next = acme_dev_next(nic->dev);
		next = next == ACME_NEVER ? 0 : next;
		if (next != timer)
			set_timer(nic, next);
		timer = next;
	}
}

static int start(struct nic *nic, const struct options *o)
{
	struct pcap *pcap = NULL;

	if (o->log && log_open(o->log))
		return -1;
	if (o->pcap) {
		pcap = pcap_open(o->pcap, 0);
		if (!pcap)
			return -1;
	}
	if (mem_map(&nic->mem, o->mem))
		return -1;
	if (loop_init() || watch_signals(nic) || watch_timer(nic)) {
		complain("can't start: %s", strerror(errno));
		return -1;
	}
	if (ivshmem_init(&nic->iv, nic, o->ivshmem, 1 + o->cfg.num_queues) ||
	    wire_init(&nic->wire, nic, o->wire, pcap) ||
	    ctl_init(&nic->ctl, nic, o->ctl))
		return -1;
	nic->once = o->once;
	nic->dev = acme_dev_new(&o->cfg, &nic_ops, nic, nic->iv.regs);
	if (!nic->dev) {
		complain("no memory for the device");
		return -1;
	}
	return 0;
}

static void finish(struct nic *nic, const struct options *o)
{
	ctl_close(&nic->ctl);
	wire_close(&nic->wire);
	acme_dev_free(nic->dev);
	ivshmem_close(&nic->iv);
	mem_unmap(&nic->mem);
	loop_close(&nic->timer);
	loop_close(&nic->signals);
	unlink(o->ivshmem);
	unlink(o->wire);
	unlink(o->ctl);
	log_close();
}

int main(int argc, char **argv)
{
	struct options o;
	struct nic *nic;

	if (!parse_options(&o, argc, argv))
		return 2;
	nic = calloc(1, sizeof(*nic));
	if (!nic || start(nic, &o))
		return 1;
	log_line("acme-nic %s, profile %s, %u queue pairs", ACME_FW_VERSION,
		 o.cfg.profile, o.cfg.num_queues);
	puts("ready");
	fflush(stdout);
	run(nic);
	finish(nic, &o);
	free(nic);
	return 0;
}
