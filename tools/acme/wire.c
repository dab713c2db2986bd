// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nic.h"

#define RX_BUDGET	256

static void watch_peer(struct wire *w)
{
	loop_change(&w->peer, (w->paused ? 0 : EPOLLIN) |
			      (w->blocked ? EPOLLOUT : 0));
}

static void disconnect(struct wire *w)
{
	if (w->peer.fd < 0)
		return;
	loop_close(&w->peer);
	w->in_pos = 0;
	w->in_len = 0;
	w->out_pos = 0;
	w->out_len = 0;
	wire_cut_forget(&w->cut);
	acme_dev_carrier(w->nic->dev, false);
}

/* Makes room by moving what is left of a frame to the front. */
static void compact(struct wire *w)
{
	memmove(w->in, w->in + w->in_pos, w->in_len - w->in_pos);
	w->in_len -= w->in_pos;
	w->in_pos = 0;
}

static void receive(struct wire *w)
{
	ssize_t n;

	compact(w);
	if (w->in_len == WIRE_IN_SIZE)
		return;
	n = read(w->peer.fd, w->in + w->in_len, WIRE_IN_SIZE - w->in_len);
	if (n > 0)
		w->in_len += n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		disconnect(w);
}

static void peer_ready(void *ctx, unsigned int events)
{
	struct wire *w = ctx;

	if (events & EPOLLOUT)
		wire_flush(w);
	if (w->peer.fd >= 0 && events & EPOLLIN)
		receive(w);
	else if (events & (EPOLLERR | EPOLLHUP))
		disconnect(w);
}

static void listener_ready(void *ctx, unsigned int events)
{
	struct wire *w = ctx;
	int fd = sock_accept(w->listener.fd);

	(void)events;
	if (fd < 0)
		return;
	if (w->peer.fd >= 0) {
		log_line("wire: a second connection was turned away");
		close(fd);
		return;
	}
	w->peer.fd = fd;
	w->paused = false;
	w->blocked = false;
	if (loop_add(&w->peer, EPOLLIN)) {
		loop_close(&w->peer);
		return;
	}
	acme_dev_carrier(w->nic->dev, true);
}

int wire_init(struct wire *w, struct nic *nic, const char *path,
	      struct pcap *pcap)
{
	w->nic = nic;
	w->pcap = pcap;
	w->peer = (struct watch) { -1, peer_ready, w };
	w->listener = (struct watch) { sock_listen(path), listener_ready, w };
	if (w->listener.fd < 0)
		return -1;
	return loop_add(&w->listener, EPOLLIN);
}

bool wire_tx_ready(const struct wire *w)
{
	return w->out_len - w->out_pos < WIRE_OUT_HIGH;
}

void wire_tx(struct wire *w, const u8 *frame, size_t len)
{
	if (w->peer.fd < 0)
		return;
	if (w->out_len + WIRE_LEN_FIELD + len > WIRE_OUT_SIZE) {
		memmove(w->out, w->out + w->out_pos, w->out_len - w->out_pos);
		w->out_len -= w->out_pos;
		w->out_pos = 0;
	}
	if (w->out_len + WIRE_LEN_FIELD + len > WIRE_OUT_SIZE) {
		log_line("wire: no room for a frame of %zu bytes", len);
		return;
	}
	put_be32(w->out + w->out_len, len);
	memcpy(w->out + w->out_len + WIRE_LEN_FIELD, frame, len);
	w->out_len += WIRE_LEN_FIELD + len;
	if (w->pcap)
		pcap_frame(w->pcap, frame, len);
}

void wire_flush(struct wire *w)
{
	bool was = w->blocked;
	ssize_t n;

	if (w->peer.fd < 0)
		return;
	w->blocked = false;
	while (w->out_pos < w->out_len) {
		n = send(w->peer.fd, w->out + w->out_pos,
			 w->out_len - w->out_pos, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			disconnect(w);
			return;
		}
		w->blocked = n < 0;
		if (w->blocked)
			break;
		w->out_pos += n;
	}
	if (w->out_pos == w->out_len) {
		w->out_pos = 0;
		w->out_len = 0;
	}
	if (w->blocked != was)
		watch_peer(w);
}

/*
 * What the NIC gets is what the capture has: of a packet that was cut, the
 * pieces. A capture at the other end of the wire, such as QEMU's, has it whole.
 */
static void to_device(struct wire *w, const u8 *frame, size_t len)
{
	if (w->pcap)
		pcap_frame(w->pcap, frame, len);
	if (acme_dev_link(w->nic->dev))
		acme_dev_rx(w->nic->dev, frame, len);
}

/* Takes one frame from the stream; false when there is no whole one. */
static bool next_frame(struct wire *w, const u8 **frame, u32 *len)
{
	size_t avail = w->in_len - w->in_pos;
	const u8 *p = w->in + w->in_pos;

	if (avail < WIRE_LEN_FIELD)
		return false;
	*len = get_be32(p);
	if (*len > WIRE_FRAME_MAX) {
		log_line("wire: a frame of %u bytes: not Ethernet", *len);
		disconnect(w);
		return false;
	}
	if (avail - WIRE_LEN_FIELD < *len)
		return false;
	w->in_pos += WIRE_LEN_FIELD + *len;
	*frame = p + WIRE_LEN_FIELD;
	return true;
}

/*
 * Gives a frame or a piece of one to the device, which may not be ready for the
 * next; false when there is none.
 */
static bool rx_one(struct wire *w)
{
	size_t piece = wire_cut_next(&w->cut);
	const u8 *frame;
	u32 len;

	if (!piece) {
		if (!next_frame(w, &frame, &len))
			return false;
		if (!wire_cut_begin(&w->cut, frame, len)) {
			to_device(w, frame, len);
			return true;
		}
		piece = wire_cut_next(&w->cut);
	}
	to_device(w, w->cut.piece, piece);
	return true;
}

/* Reading stops while the device has a frame that waits for a buffer. */
static void pause_if_needed(struct wire *w)
{
	bool pause = !acme_dev_rx_ready(w->nic->dev);

	if (w->peer.fd < 0 || pause == w->paused)
		return;
	w->paused = pause;
	watch_peer(w);
}

bool wire_rx(struct wire *w)
{
	unsigned int budget = RX_BUDGET;
	bool more = true;

	while (more && budget-- && acme_dev_rx_ready(w->nic->dev))
		more = rx_one(w);
	pause_if_needed(w);
	return more && acme_dev_rx_ready(w->nic->dev);
}

void wire_close(struct wire *w)
{
	loop_close(&w->peer);
	loop_close(&w->listener);
	pcap_close(w->pcap);
}
