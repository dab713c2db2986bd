/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The ESP packet format (RFC 4303, RFC 4106). */
#ifndef _ACME_ESP_H
#define _ACME_ESP_H

#include "sa.h"

#define ESP_HDR_LEN	8
#define UDP_HDR_LEN	8
#define ESP_TRAILER_LEN	2
#define ESP_AAD_MAX	12

/* Writes the additional authenticated data (RFC 4106, 5); returns its size. */
static inline u32 acme_esp_aad(const struct acme_sa *sa, u64 seq, u8 *aad)
{
	put_be32(aad, sa->spi);
	if (sa->flags & ACME_SA_ESN) {
		put_be64(aad + 4, seq);
		return 12;
	}
	put_be32(aad + 4, seq);
	return 8;
}

/* Bytes of SPI, sequence number and IV. */
static inline u32 acme_esp_hdr_len(const struct acme_sa *sa)
{
	return ESP_HDR_LEN + sa->alg->iv_len;
}

static inline bool acme_sa_in_udp(const struct acme_sa *sa)
{
	return sa->encap_sport;
}

/* Writes the IV of a counter (RFC 4106, 3.1). */
static inline void acme_esp_iv(const struct acme_sa *sa, u64 seq, u8 *iv)
{
	put_be64(iv, sa->iv_salt ^ ((u64)sa->epoch << 48 | seq));
}

#endif /* _ACME_ESP_H */
