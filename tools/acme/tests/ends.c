// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "ends.h"

const struct setup tunnel4 = {
	.flags = ACME_SA_TUNNEL, .inner = 4, .outer = 4, .key_len = 16,
	.epoch = 1,
};

const struct setup transport4 = {
	.inner = 4, .outer = 4, .key_len = 16, .epoch = 1,
};

static void addresses(struct acme_cmd_sa_add *c, const struct setup *s)
{
	struct acme_ip ip;
	u8 buf[256];
	u32 len = mock_packet(buf, s->outer, PROTO_UDP, 0);

	assert_true(acme_ip_parse(&ip, buf + 14, len - 14,
				  get_be16(buf + 12)));
	memcpy(c->saddr, acme_ip_saddr(&ip), acme_ip_alen(&ip));
	memcpy(c->daddr, acme_ip_daddr(&ip), acme_ip_alen(&ip));
}

void end_fill(struct end *e, struct acme_cmd *cmd, const struct setup *s,
	      u32 dir)
{
	u32 i;

	host_fill_sa(&e->m->host, cmd, s->flags | dir, s->outer, SPI);
	cmd->sa_add.key_len = s->key_len;
	for (i = 0; i < s->key_len; i++)
		cmd->sa_add.key[i] = 3 * i + 1;
	addresses(&cmd->sa_add, s);
	e->stats = le64_to_cpu(cmd->sa_add.stats_addr);
}

void end_install(struct end *e, struct acme_cmd *cmd, const struct setup *s)
{
	e->handle = host_sa_add(&e->m->host, cmd);
	assert_int_not_equal(e->handle, 0);
	assert_int_equal(host_sa_run(&e->m->host, e->handle, s->seq, s->epoch),
			 ACME_ST_OK);
}

struct end end_open(const struct setup *s, u32 dir)
{
	struct end e = { .m = mock_ready(&mock_config) };
	struct acme_cmd cmd;

	end_fill(&e, &cmd, s, dir);
	end_install(&e, &cmd, s);
	return e;
}

void end_send(struct end *e, const u8 *pkt, u32 len, u16 flags, u16 mss)
{
	u32 hlen = pkt[14] >> 4 == 4 ? 20 : 40;
	struct acme_tx_desc d = {
		.flags = cpu_to_le16(flags | ACME_TXD_SA),
		.sa = cpu_to_le32(e->handle),
		.mss = cpu_to_le16(mss),
		.csum_start = cpu_to_le16(14 + hlen),
		.hdr_len = cpu_to_le16(14 + hlen + 20),
	};

	host_tx(&e->m->host, 0, pkt, len, &d);
}

bool end_receive(struct end *e, const u8 *frame, u32 len,
		 struct rx_frame *f)
{
	bool got;

	mock_wire(e->m, frame, len);
	got = host_rx(&e->m->host, 0, f);
	if (got)
		host_rx_post(&e->m->host, 0, 1);
	return got;
}

void end_check_stats(const struct end *e, u64 packets, u64 bytes, u64 seq)
{
	struct acme_sa_stats st;

	host_sa_stats(&e->m->host, e->stats, &st);
	assert_int_equal(st.begin, st.end);
	assert_int_equal(le64_to_cpu(st.packets), packets);
	assert_int_equal(le64_to_cpu(st.bytes), bytes);
	assert_true(le64_to_cpu(st.seq) == seq);
}

struct acme_sa_stats end_stats(const struct end *e)
{
	struct acme_sa_stats st;

	host_sa_stats(&e->m->host, e->stats, &st);
	return st;
}

u32 end_craft(const struct end *e, u8 *frame, u64 seq, const u8 *plain,
	      u32 len)
{
	const struct acme_sa *sa = acme_sa_by_handle(&e->m->dev->sas,
						     e->handle);
	u32 hlen = acme_esp_hdr_len(sa), total = hlen + len + sa->icv_len;
	u8 *l3 = frame + 14, *esp = l3 + 20;
	u8 aad[ESP_AAD_MAX];
	struct acme_aead_req req = {
		.iv = esp + 8, .aad = aad, .src = plain, .dst = esp + hlen,
		.len = len, .icv = esp + hlen + len,
	};

	mock_packet(frame, 4, PROTO_UDP, 0);
	put_be16(l3 + 2, 20 + total);
	l3[9] = PROTO_ESP;
	acme_csum_ipv4(l3);
	put_be32(esp, SPI);
	put_be32(esp + 4, seq);
	memset(esp + 8, seq, hlen - 8);
	req.aad_len = acme_esp_aad(sa, seq, aad);
	acme_aead_encrypt(sa->aead, &req);
	return 14 + 20 + total;
}

u32 end_plain(u8 *plain)
{
	u8 pkt[256];
	u32 len = mock_packet(pkt, 4, PROTO_UDP, 20) - 14;

	memcpy(plain, pkt + 14, len);
	memcpy(plain + len, "\x01\x02\x02\x04", 4);
	return len + 4;
}

u32 end_cmd(const struct end *e, u16 opcode, struct acme_cmd *cmd)
{
	cmd->sa.handle = cpu_to_le32(e->handle);
	return host_admin(&e->m->host, opcode, cmd);
}
