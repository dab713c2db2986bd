// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Adapters that can do less, so that every refusal can be seen. */
#include "nic.h"

#define IPSEC_ALL	(ACME_IPSEC_TUNNEL | ACME_IPSEC_TRANSPORT | \
			 ACME_IPSEC_IPV4 | ACME_IPSEC_IPV6 | ACME_IPSEC_ESN)

#define DEFAULT_QUEUES	4
#define DEFAULT_SAS	4096

static const struct {
	const char *text;
	struct acme_config cfg;
} profiles[] = {
	{ "all there is", {
		.profile = "default", .max_sas = DEFAULT_SAS,
		.max_window = ACME_WINDOW_MAX, .ipsec = IPSEC_ALL,
	} },
	{ "no more than 4 SAs", {
		.profile = "few-sas", .max_sas = 4,
		.max_window = ACME_WINDOW_MAX, .ipsec = IPSEC_ALL,
	} },
	{ "replay windows of at most 64 packets", {
		.profile = "small-window", .max_sas = DEFAULT_SAS,
		.max_window = 64, .ipsec = IPSEC_ALL,
	} },
	{ "no extended sequence numbers", {
		.profile = "no-esn", .max_sas = DEFAULT_SAS,
		.max_window = ACME_WINDOW_MAX,
		.ipsec = IPSEC_ALL & ~ACME_IPSEC_ESN,
	} },
	{ "tunnel mode only", {
		.profile = "tunnel-only", .max_sas = DEFAULT_SAS,
		.max_window = ACME_WINDOW_MAX,
		.ipsec = IPSEC_ALL & ~ACME_IPSEC_TRANSPORT,
	} },
	{ "a plain NIC without IPsec", {
		.profile = "no-ipsec", .max_sas = 1, .max_window = 0,
		.ipsec = 0,
	} },
};

bool profile_find(const char *name, struct acme_config *cfg)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(profiles); i++) {
		if (strcmp(profiles[i].cfg.profile, name))
			continue;
		*cfg = profiles[i].cfg;
		cfg->num_queues = DEFAULT_QUEUES;
		return true;
	}
	return false;
}

void profile_list(FILE *out)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(profiles); i++)
		fprintf(out, "  %-14s %s\n", profiles[i].cfg.profile,
			profiles[i].text);
}
