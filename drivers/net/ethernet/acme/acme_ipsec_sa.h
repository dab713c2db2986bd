/* SPDX-License-Identifier: GPL-2.0-only */
/* IPsec: SAs in the device, for the files acme_ipsec_*.c. */
#ifndef _ACME_IPSEC_SA_H
#define _ACME_IPSEC_SA_H

#include <linux/list.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <net/xfrm.h>
#include <net/xfrm_full.h>

#include "acme_adminq.h"
#include "acme_hw.h"

struct acme_dev;

/**
 * struct acme_cipher - an algorithm, by its names in XFRM
 * @aead: of an AEAD, or NULL
 * @crypt: of the cipher without @aead
 * @auth: of the integrity algorithm without @aead
 * @hw: enum acme_alg
 * @salt_len: bytes of salt at the end of the key
 * @auth_key_len: bytes of the integrity key
 */
struct acme_cipher {
	const char *aead;
	const char *crypt;
	const char *auth;
	u8 hw;
	u8 salt_len;
	u8 auth_key_len;
};

/**
 * enum acme_sa_mode - what an SA leaves to the device
 * @ACME_MODE_FULL: the SA, "offload full"
 * @ACME_MODE_PACKET: all of ESP, "offload packet"
 * @ACME_MODE_CRYPTO: the cipher, "offload crypto"
 */
enum acme_sa_mode {
	ACME_MODE_FULL,
	ACME_MODE_PACKET,
	ACME_MODE_CRYPTO,
};

/**
 * struct acme_sa - an SA in the device
 * @x: XFRM's view of it
 * @adev: device
 * @mode: what the device does for it
 * @alg: enum xfrm_full_alg
 * @inbound: direction
 * @epoch: of the IVs, outbound
 * @iv_salt: of the IVs, outbound
 * @handle: of the device
 * @hw: counters that the device writes
 * @hw_dma: address of @hw
 * @lock: protects @last
 * @last: counters as last read
 * @del: its deletion
 * @del_params: parameters of that
 * @deleted: that has been started
 * @stopped: the device has been told to stop, and has answered
 * @node: entry in &acme_ipsec.packet_sas
 * @rcu: for freeing
 */
struct acme_sa {
	struct xfrm_state *x;
	struct acme_dev *adev;
	enum acme_sa_mode mode;
	enum xfrm_full_alg alg;
	bool inbound;
	u16 epoch;
	u64 iv_salt;
	u32 handle;
	struct acme_sa_stats *hw;
	dma_addr_t hw_dma;
	spinlock_t lock;	/* last */
	struct xfrm_full_stats last;
	struct acme_aq_req del;
	__le32 del_params;
	bool deleted;
	bool stopped;
	struct list_head node;
	struct rcu_head rcu;
};

static inline struct acme_dev *acme_ipsec_adev(const struct net_device *netdev)
{
	return pci_get_drvdata(to_pci_dev(netdev->dev.parent));
}

static inline bool acme_sa_tunnel(const struct acme_sa *sa)
{
	return sa->x->props.mode == XFRM_MODE_TUNNEL;
}

/* Packets in the replay window that XFRM asks for. */
static inline u32 acme_sa_window(const struct acme_sa *sa)
{
	const struct xfrm_state *x = sa->x;

	return x->replay_esn ? x->replay_esn->replay_window :
			       x->props.replay_window;
}

/* acme_ipsec_caps.c */
int acme_caps_read(struct acme_dev *adev);
void acme_caps_fill(struct acme_dev *adev, struct xfrm_full_caps *caps);
const struct acme_cipher *acme_cipher(enum xfrm_full_alg alg);

/* acme_ipsec_check.c */
int acme_sa_check(struct acme_dev *adev, struct acme_sa *sa,
		  struct netlink_ext_ack *extack);
int acme_limits_check(const struct xfrm_lifetime_cfg *lft,
		      struct netlink_ext_ack *extack);
int acme_selector_check(struct acme_dev *adev, const struct acme_sa *sa,
			const struct xfrm_selector *sel,
			struct netlink_ext_ack *extack);
u32 acme_sa_key_len(const struct acme_sa *sa);
u32 acme_sa_icv_len(const struct acme_sa *sa);

/* acme_ipsec_cmd.c */
int acme_sa_install(struct acme_dev *adev, struct acme_sa *sa,
		    struct netlink_ext_ack *extack);
int acme_sa_run(struct acme_dev *adev, const struct acme_sa *sa,
		const struct xfrm_full_snapshot *snap);
int acme_sa_stop(struct acme_dev *adev, const struct acme_sa *sa,
		 struct xfrm_full_snapshot *snap);
int acme_sa_query(struct acme_dev *adev, const struct acme_sa *sa,
		  struct xfrm_full_snapshot *snap);
int acme_sa_update(struct acme_dev *adev, const struct acme_sa *sa,
		   const struct xfrm_full_update *upd,
		   struct netlink_ext_ack *extack);
int acme_sa_replay_test_set(struct acme_dev *adev, const struct acme_sa *sa,
			    u64 seq, u32 bytes);
int acme_sa_seq_alloc(struct acme_dev *adev, const struct acme_sa *sa,
		      u32 count, u64 bytes, u64 *first);
void acme_sa_post_del(struct acme_dev *adev, struct acme_sa *sa);
void acme_sa_wait_del(struct acme_dev *adev, struct acme_sa *sa);

/* acme_ipsec_stats.c */
void acme_sa_stats(struct acme_sa *sa, struct xfrm_full_stats *stats);

/* acme_ipsec_event.c */
int acme_audit_set(struct acme_dev *adev);

/* acme_ipsec_offload.c */
int acme_state_add(struct xfrm_state *x, struct netlink_ext_ack *extack);
void acme_state_delete(struct xfrm_state *x);
void acme_state_free(struct xfrm_state *x);
bool acme_offload_ok(struct sk_buff *skb, struct xfrm_state *x);
void acme_state_advance_esn(struct xfrm_state *x);
void acme_state_update_stats(struct xfrm_state *x);
void acme_offload_event(struct acme_sa *sa);
void acme_offload_init_sa(struct acme_sa *sa);

/* acme_ipsec_policy.c */
int acme_policy_tx(struct acme_dev *adev, struct sk_buff *skb,
		   struct acme_tx_sa *tx);
void acme_policy_add_sa(struct acme_dev *adev, struct acme_sa *sa);
void acme_policy_del_sa(struct acme_dev *adev, struct acme_sa *sa);
int acme_policy_add(struct xfrm_policy *xp, struct netlink_ext_ack *extack);
void acme_policy_delete(struct xfrm_policy *xp);
void acme_policy_free(struct xfrm_policy *xp);

/* acme_ipsec.c */
struct acme_sa *acme_sa_add(struct acme_dev *adev, struct xfrm_state *x,
			    enum acme_sa_mode mode,
			    struct netlink_ext_ack *extack);
void acme_sa_del(struct acme_dev *adev, struct acme_sa *sa);
void acme_sa_free(struct acme_dev *adev, struct acme_sa *sa);
struct acme_sa *acme_sa_find(struct acme_dev *adev, u32 handle);

#endif /* _ACME_IPSEC_SA_H */
