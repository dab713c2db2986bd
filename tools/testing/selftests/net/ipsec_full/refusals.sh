#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What full offload can't do with any NIC, or not with this one, is refused before
# the driver sees it, and the kernel points at the attribute that is to blame. The rest
# works.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ipsec.sh"
source "$(dirname "$0")/profile.sh"

all_checks() {
	refusals <<-END
		no-device OFFLOAD_DEV No device has this ifindex: name another
		other-device OFFLOAD_DEV Device doesn't support full offload: name another
		both OFFLOAD_DEV Full and packet offload exclude each other: leave out one
		flags OFFLOAD_DEV Unrecognized flags
		beet OFFLOAD_DEV Full offload doesn't support BEET mode; use tunnel or transport
		wildcard OFFLOAD_DEV wildcard receive; leave out wildrecv
		direction SA_DIR Mismatched SA and offload direction: use the same
		tfc TFCPAD Full offload doesn't support TFC padding; leave it out
		may-wrap SA_EXTRA_FLAGS Full offload doesn't support oseq-may-wrap; leave it out
		mark MARK Full offload doesn't support marks; leave them out
		output-mark SET_MARK Full offload doesn't support output marks; leave them out
		if-id IF_ID Full offload doesn't support interface ids; leave them out
		per-cpu SA_PCPU Full offload doesn't support per-CPU SAs; leave out the CPU
		ctr ALG_CRYPT Device can't do rfc3686(ctr(aes)) with hmac(sha256); see
		cipher-only ALG_CRYPT needs both cipher and integrity; add the other
		hmac-96 ALG_AUTH_TRUNC An ICV of 96 bits is unsupported; use 128
		hmac-key ALG_AUTH_TRUNC integrity key of 128 bits is unsupported; use 256
		window-16 REPLAY_ESN_VAL Replay window 16 is too small; use at least 32
		read-only FULL Only the kernel tells this; leave it out
		idle-only FULL Only an SA with full offload can have this attribute
		policy-no-device OFFLOAD_DEV No device has this ifindex: name another
		policy-other-device OFFLOAD_DEV Device doesn't support full offload: name another
		policy-both OFFLOAD_DEV Full and packet offload exclude each other: leave out one
		policy-flags OFFLOAD_DEV Unrecognized flags
		policy-no-template OFFLOAD_DEV policies without a template; add one
		policy-templates TMPL policies with several templates; use one
		policy-optional TMPL optional templates; use level required
		policy-beet TMPL Full offload doesn't support BEET mode; use tunnel or transport
		policy-if-id IF_ID Full offload doesn't support interface ids; leave them out
	END
	check "nothing is left" nothing_left
	check "the rest works" the_rest_works 44
}

pair 44 tunnel 4 4 onlink 128 64
plan_for all_checks
all_checks
finish
