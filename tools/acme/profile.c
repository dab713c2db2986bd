// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Adapters that can do less, so that every refusal can be seen. */
#include "nic.h"

#define DEFAULT_QUEUES	4
#define DEFAULT_SAS	4096

static const struct acme_config all = {
	.minor = ACME_VERSION_MINOR,
	.num_queues = DEFAULT_QUEUES,
	.max_sas = DEFAULT_SAS,
	.max_window = ACME_WINDOW_MAX,
	.ipsec = ACME_IPSEC_ALL,
	.limits_out = ACME_LIMITS_ALL,
	.limits_in = ACME_LIMITS_ALL,
	.handover = ACME_HANDOVER_ALL,
};

static void keep_all(struct acme_config *cfg)
{
	(void)cfg;
}

static void dump_only(struct acme_config *cfg)
{
	cfg->handover = ACME_HANDOVER_SNAPSHOT;
}

static void packets_only(struct acme_config *cfg)
{
	cfg->limits_out = ACME_LIMITS_PACKETS;
	cfg->limits_in = ACME_LIMITS_PACKETS;
}

static void bytes_only(struct acme_config *cfg)
{
	cfg->limits_out = ACME_LIMITS_BYTES;
	cfg->limits_in = ACME_LIMITS_BYTES;
}

static void drop_only(struct acme_config *cfg)
{
	cfg->minor = 0;
	cfg->ipsec &= ~ACME_IPSEC_EXC_RAW;
	cfg->handover = 0;
}

static void small_window(struct acme_config *cfg)
{
	cfg->max_window = 64;
}

static void no_esn(struct acme_config *cfg)
{
	cfg->ipsec &= ~ACME_IPSEC_ESN;
}

static void few_sas(struct acme_config *cfg)
{
	cfg->max_sas = 4;
}

static void no_policies(struct acme_config *cfg)
{
	cfg->max_policies = 0;
}

static void tunnel_only(struct acme_config *cfg)
{
	cfg->ipsec &= ~ACME_IPSEC_TRANSPORT;
}

static void transport_ipv6(struct acme_config *cfg)
{
	cfg->ipsec &= ~(ACME_IPSEC_TUNNEL | ACME_IPSEC_IPV4 | ACME_IPSEC_MIXED);
}

static void basic(struct acme_config *cfg)
{
	cfg->ipsec = ACME_IPSEC_TUNNEL | ACME_IPSEC_IPV4 | ACME_IPSEC_EXC_RAW;
	cfg->limits_out = 0;
	cfg->limits_in = 0;
	cfg->basic_crypto = true;
}

static void no_ipsec(struct acme_config *cfg)
{
	cfg->max_sas = 1;
	cfg->max_window = 0;
	cfg->max_policies = 0;
	cfg->ipsec = 0;
}

static const struct {
	const char *name;
	void (*restrict_to)(struct acme_config *cfg);
	const char *text;
} profiles[] = {
	{ "default", keep_all, "all there is" },
	{ "test-and-set", keep_all, "the same by the name of its handover" },
	{ "dump-only", dump_only,
	  "the host can stop SAs, but not take part in running ones" },
	{ "packets-only", packets_only, "limits in packets only" },
	{ "bytes-only", bytes_only, "limits in bytes only" },
	{ "drop-only", drop_only,
	  "drops exceptions; SAs can't change, leave, or come in midway" },
	{ "small-window", small_window,
	  "replay windows of at most 64 packets" },
	{ "no-esn", no_esn, "no extended sequence numbers" },
	{ "few-sas", few_sas, "no more than 4 SAs" },
	{ "no-policies", no_policies, "no table of policies" },
	{ "tunnel-only", tunnel_only, "tunnel mode only" },
	{ "transport-ipv6", transport_ipv6, "transport mode over IPv6 only" },
	{ "basic", basic,
	  "IPv4 in IPv4 tunnels with AES-GCM-128, no limits, nothing else" },
	{ "no-ipsec", no_ipsec, "a plain NIC without IPsec" },
};

bool profile_find(const char *name, struct acme_config *cfg)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(profiles); i++) {
		if (strcmp(profiles[i].name, name))
			continue;
		*cfg = all;
		cfg->profile = profiles[i].name;
		profiles[i].restrict_to(cfg);
		return true;
	}
	return false;
}

void profile_list(FILE *out)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(profiles); i++)
		fprintf(out, "  %-15s %s\n", profiles[i].name,
			profiles[i].text);
}
