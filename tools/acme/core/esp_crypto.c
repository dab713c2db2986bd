// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Crypto offload: the host builds ESP and takes it apart. */
#include "esp.h"
#include "internal.h"

/**
 * struct crypto_out - a packet to encrypt in place
 * @ip: outer packet
 * @esp: ESP header
 * @len: bytes from there to the end of the ICV
 * @text_len: bytes of plaintext
 * @seq: sequence number
 */
struct crypto_out {
	struct acme_ip ip;
	u8 *esp;
	u32 len;
	u32 text_len;
	u64 seq;
};

static bool plan(const struct acme_sa *sa, struct crypto_out *o, u8 *pkt,
		 u32 len, u32 start)
{
	u32 overhead = acme_esp_hdr_len(sa) + sa->icv_len;

	if (!acme_ip_parse(&o->ip, pkt + ETH_HDR_LEN, len - ETH_HDR_LEN,
			   get_be16(pkt + 12)))
		return false;
	if (start < ETH_HDR_LEN + o->ip.hlen ||
	    start > ETH_HDR_LEN + o->ip.len)
		return false;
	o->esp = pkt + start;
	o->len = ETH_HDR_LEN + o->ip.len - start;
	if (o->len < overhead + sa->alg->block_len)
		return false;
	o->text_len = o->len - overhead;
	return !(o->text_len % sa->alg->block_len) &&
	       get_be32(o->esp) == sa->spi;
}

/* Other epochs' IVs begin where the numbers of an SA end. */
static bool seq_ok(const struct acme_sa *sa, u64 seq)
{
	return seq && seq <= acme_sa_seq_max(sa);
}

static void encrypt(struct acme_dev *dev, struct acme_sa *sa,
		    const struct crypto_out *o)
{
	u8 *text = o->esp + acme_esp_hdr_len(sa);
	u8 aad[ESP_AAD_MAX];
	struct acme_aead_req req = {
		.iv = o->esp + ESP_HDR_LEN,
		.aad = aad,
		.aad_len = acme_esp_aad(sa, o->seq, aad),
		.src = text,
		.dst = text,
		.len = o->text_len,
		.icv = text + o->text_len,
	};

	if (sa->alg->random_iv)
		dev->ops->random(dev->ctx, o->esp + ESP_HDR_LEN,
				 sa->alg->iv_len);
	else
		acme_esp_iv(sa, o->seq, o->esp + ESP_HDR_LEN);
	acme_aead_encrypt(sa->aead, &req);
}

static u32 drop(struct acme_dev *dev, struct acme_sa *sa, u64 *dev_counter,
		u64 *sa_counter)
{
	acme_sa_drop(dev, sa, dev_counter, sa_counter);
	return 0;
}

u32 acme_esp_crypto_out(struct acme_dev *dev, struct acme_sa *sa, u8 *pkt,
			u32 len, u32 start, u32 seq_hi)
{
	struct crypto_out o = { };

	if (!plan(sa, &o, pkt, len, start))
		return drop(dev, sa, &dev->count.esp_tx_malformed,
			    &sa->drop_malformed);
	if (o.ip.len > dev->mtu)
		return drop(dev, sa, &dev->count.tx_too_long,
			    &sa->drop_too_long);
	o.seq = get_be32(o.esp + 4);
	if (sa->flags & ACME_SA_ESN)
		o.seq |= (u64)seq_hi << 32;
	if (!seq_ok(sa, o.seq))
		return drop(dev, sa, &dev->count.esp_tx_seq, &sa->drop_seq);
	if (o.seq > sa->seq)
		sa->seq = o.seq;
	encrypt(dev, sa, &o);
	dev->count.esp_tx_crypto++;
	acme_sa_account(dev, sa, o.text_len);
	return ETH_HDR_LEN + o.ip.len;
}

/* Return: is the ICV right? */
static bool decrypt(struct acme_sa *sa, u64 seq, u8 *esp, u32 text_len)
{
	u8 *text = esp + acme_esp_hdr_len(sa);
	u8 aad[ESP_AAD_MAX];
	struct acme_aead_req req = {
		.iv = esp + ESP_HDR_LEN,
		.aad = aad,
		.aad_len = acme_esp_aad(sa, seq, aad),
		.src = text,
		.dst = text,
		.len = text_len,
		.icv = text + text_len,
	};

	return acme_aead_decrypt(sa->aead, &req);
}

void acme_esp_crypto_in(struct acme_dev *dev, struct acme_sa *sa,
			struct acme_rx *rx, u8 *esp, u32 len)
{
	u32 overhead = acme_esp_hdr_len(sa) + sa->icv_len;
	u32 text_len = len - overhead;
	u64 seq;

	if (len < overhead + sa->alg->block_len ||
	    text_len % sa->alg->block_len)
		return;
	rx->flags |= ACME_RXC_CRYPTO;
	rx->sa = sa->handle;
	seq = acme_replay_guess(&sa->replay, get_be32(esp + 4));
	if (!decrypt(sa, seq, esp, text_len)) {
		rx->flags |= ACME_RXC_CRYPTO_ICV;
		acme_sa_drop(dev, sa, &dev->count.esp_rx_crypto_icv,
			     &sa->drop_icv);
		return;
	}
	acme_replay_commit(&sa->replay, seq);
	dev->count.esp_rx_crypto++;
	acme_sa_account(dev, sa, text_len);
}
