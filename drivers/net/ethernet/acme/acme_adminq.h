/* SPDX-License-Identifier: GPL-2.0-only */
/* Admin queue: commands to the device and their answers. */
#ifndef _ACME_ADMINQ_H
#define _ACME_ADMINQ_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "acme_hw.h"

struct acme_dev;

#define ACME_AQ_LOG2			6
#define ACME_AQ_SLOTS			BIT(ACME_AQ_LOG2)

/**
 * struct acme_aq_req - a command
 * @opcode: enum acme_opcode
 * @params_len: bytes at @params
 * @rsp_len: bytes at @rsp
 * @params: parameters; they and @rsp must stay until the answer
 * @rsp: where the answer's parameters go, if it is ACME_ST_OK
 * @err: errno of the answer
 * @status: enum acme_status of the answer
 * @detail: offset of the field that @status is about, or 0
 * @node: entry in the backlog
 * @done: answered
 */
struct acme_aq_req {
	u16 opcode;
	u16 params_len;
	u16 rsp_len;
	const void *params;
	void *rsp;

	int err;
	u32 status;
	u32 detail;

	struct list_head node;
	struct completion done;
};

/**
 * struct acme_adminq - admin queue
 * @lock: protects all of this
 * @ring: slots
 * @dma: address of @ring
 * @head: commands answered
 * @tail: commands posted
 * @dead: no command is taken any more
 * @slots: the request in each slot
 * @backlog: requests that wait for a slot
 * @commands: counter of commands answered
 * @failures: counter of those not answered with ACME_ST_OK
 * @timeouts: counter of commands that nobody waits for any more
 */
struct acme_adminq {
	spinlock_t lock;		/* all of this */
	struct acme_cmd *ring;
	dma_addr_t dma;
	u32 head;
	u32 tail;
	bool dead;
	struct acme_aq_req *slots[ACME_AQ_SLOTS];
	struct list_head backlog;
	u64 commands;
	u64 failures;
	u64 timeouts;
};

int acme_adminq_alloc(struct acme_dev *adev);
void acme_adminq_free(struct acme_dev *adev);
void acme_adminq_abort(struct acme_dev *adev);
void acme_adminq_process(struct acme_dev *adev);

void acme_adminq_post(struct acme_dev *adev, struct acme_aq_req *req);
int acme_adminq_wait(struct acme_dev *adev, struct acme_aq_req *req);
int acme_adminq_exec(struct acme_dev *adev, struct acme_aq_req *req);
int acme_adminq_exec_poll(struct acme_dev *adev, struct acme_aq_req *req);
void acme_adminq_complain(struct acme_dev *adev,
			  const struct acme_aq_req *req);
int acme_adminq_cmd(struct acme_dev *adev, enum acme_opcode opcode,
		    const void *params, size_t params_len);
const char *acme_adminq_field(const struct acme_aq_req *req);

#endif /* _ACME_ADMINQ_H */
