// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Captures in the classic pcap format, in microseconds. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "nic.h"

#define PCAP_MAGIC	0xa1b2c3d4
#define PCAP_SNAPLEN	262144
#define LINKTYPE_EN10MB	1

struct pcap {
	FILE *file;
};

struct file_hdr {
	u32 magic;
	u16 major;
	u16 minor;
	u32 zone;
	u32 sigfigs;
	u32 snaplen;
	u32 linktype;
};

struct frame_hdr {
	u32 sec;
	u32 usec;
	u32 captured;
	u32 len;
};

struct pcap *pcap_open(const char *dir, unsigned int port)
{
	const struct file_hdr hdr = { PCAP_MAGIC, 2, 4, 0, 0, PCAP_SNAPLEN,
				      LINKTYPE_EN10MB };
	struct pcap *p = malloc(sizeof(*p));
	char path[4096];

	if (!p)
		return NULL;
	snprintf(path, sizeof(path), "%s/wire%u.pcap", dir, port);
	p->file = fopen(path, "we");
	if (!p->file) {
		complain("%s: can't write: %s", path, strerror(errno));
		free(p);
		return NULL;
	}
	fwrite(&hdr, sizeof(hdr), 1, p->file);
	return p;
}

void pcap_frame(struct pcap *p, const u8 *frame, size_t len)
{
	struct frame_hdr hdr = { .captured = len, .len = len };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	hdr.sec = now.tv_sec;
	hdr.usec = now.tv_nsec / 1000;
	fwrite(&hdr, sizeof(hdr), 1, p->file);
	fwrite(frame, 1, len, p->file);
}

void pcap_close(struct pcap *p)
{
	if (!p)
		return;
	fclose(p->file);
	free(p);
}
