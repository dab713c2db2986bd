// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Encrypts and decrypts IP packets given in hex, one a line, by the device's
 * core, for a cross-check with another implementation:
 *
 *   out|in tunnel|transport FAMILY ESN SEQ ALG ICV KEY AUTHKEY SALT SPORT
 *   DPORT SADDR DADDR PACKET
 *
 * FAMILY is that of the outer addresses, SEQ the number before the packet's,
 * ALG a number of enum acme_alg, ICV in bytes, AUTHKEY and SALT - for none, the
 * ports 0 without UDP. Answers with the packet that comes out, or "dropped".
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "mock.h"

#define LINE_SIZE	20000
enum {
	DIR, MODE, FAMILY, ESN, SEQ, ALG, ICV, KEY, AUTHKEY, SALT, SPORT,
	DPORT, SADDR, DADDR, PACKET, WORDS
};

static u32 hex_or_none(const char *word, u8 *out)
{
	return strcmp(word, "-") ? mock_hex(word, out) : 0;
}

static void fill_crypto(struct acme_cmd_sa_add *c, char **w)
{
	c->alg = atoi(w[ALG]);
	c->icv_len = atoi(w[ICV]);
	c->key_len = mock_hex(w[KEY], c->key);
	c->auth_key_len = hex_or_none(w[AUTHKEY], c->auth_key);
	hex_or_none(w[SALT], c->salt);
}

static u32 add_sa(struct mock *m, char **w)
{
	bool in = !strcmp(w[DIR], "in");
	int af = atoi(w[FAMILY]) == 4 ? AF_INET : AF_INET6;
	struct acme_cmd cmd;
	u32 flags, handle;

	flags = (in ? ACME_SA_INBOUND : 0) |
		(!strcmp(w[MODE], "tunnel") ? ACME_SA_TUNNEL : 0) |
		(atoi(w[ESN]) ? ACME_SA_ESN : 0);
	host_fill_sa(&m->host, &cmd, flags, atoi(w[FAMILY]), 0x1234);
	fill_crypto(&cmd.sa_add, w);
	cmd.sa_add.encap_sport = htobe16(atoi(w[SPORT]));
	cmd.sa_add.encap_dport = htobe16(atoi(w[DPORT]));
	assert_int_equal(inet_pton(af, w[SADDR], cmd.sa_add.saddr), 1);
	assert_int_equal(inet_pton(af, w[DADDR], cmd.sa_add.daddr), 1);
	handle = host_sa_add(&m->host, &cmd);
	assert_int_equal(host_sa_run(&m->host, handle,
				     strtoull(w[SEQ], NULL, 0), 1),
			 ACME_ST_OK);
	return handle;
}

static void print_packet(const u8 *p, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		printf("%02x", p[i]);
	putchar('\n');
}

static void out(struct mock *m, u32 handle, const u8 *frame, u32 len)
{
	struct acme_tx_desc d = { .flags = cpu_to_le16(ACME_TXD_SA),
				  .sa = cpu_to_le32(handle) };

	host_tx(&m->host, 0, frame, len, &d);
	if (m->num_frames)
		print_packet(m->frames[0].data + 14, m->frames[0].len - 14);
	else
		puts("dropped");
}

static void in(struct mock *m, const u8 *frame, u32 len)
{
	static struct rx_frame f;

	mock_wire(m, frame, len);
	if (host_rx(&m->host, 0, &f) && f.flags & ACME_RXC_SA)
		print_packet(f.data + 14, f.len - 14);
	else
		puts("dropped");
}

static void process(char **w)
{
	struct mock *m = mock_ready(&mock_config);
	static u8 frame[LINE_SIZE];
	u32 handle = add_sa(m, w);
	u32 len;

	memcpy(frame, mock_mac, 6);
	len = 14 + mock_hex(w[PACKET], frame + 14);
	put_be16(frame + 12, frame[14] >> 4 == 4 ? 0x800 : 0x86dd);
	if (!strcmp(w[DIR], "out"))
		out(m, handle, frame, len);
	else
		in(m, frame, len);
	mock_free(m);
}

int main(void)
{
	static char line[LINE_SIZE];
	char *words[WORDS];
	char *rest;
	int i;

	while (fgets(line, sizeof(line), stdin)) {
		rest = line;
		for (i = 0; i < WORDS; i++) {
			words[i] = strtok_r(rest, "\n ", &rest);
			if (!words[i])
				return 2;
		}
		process(words);
		fflush(stdout);
	}
	return 0;
}
