// SPDX-License-Identifier: GPL-2.0-only
/* devlink: what the device is, and how it is. */

#include <linux/ctype.h>
#include <net/devlink.h>

#include "acme.h"
#include "acme_devlink.h"

/**
 * acme_devlink_read_string() - read a text from the registers
 * @adev: device
 * @reg: first register of the text
 * @buf: room for ACME_REG_STRING_LEN + 1 bytes; what is not printable becomes a
 *	question mark
 */
void acme_devlink_read_string(struct acme_dev *adev, u32 reg, char *buf)
{
	int i;

	memcpy_fromio(buf, adev->regs + reg, ACME_REG_STRING_LEN);
	buf[ACME_REG_STRING_LEN] = '\0';
	for (i = 0; buf[i]; i++)
		if (!isascii(buf[i]) || !isprint(buf[i]))
			buf[i] = '?';
}

static int acme_devlink_put_api(struct acme_dev *adev,
				struct devlink_info_req *req)
{
	u32 version = readl(adev->regs + ACME_REG_VERSION);
	char text[16];

	snprintf(text, sizeof(text), "%u.%u", version >> 16, version & 0xffff);
	return devlink_info_version_running_put(req,
			DEVLINK_INFO_VERSION_GENERIC_FW_MGMT_API, text);
}

static int acme_devlink_info_get(struct devlink *devlink,
				 struct devlink_info_req *req,
				 struct netlink_ext_ack *extack)
{
	struct acme_dev *adev = devlink_priv(devlink);
	char text[ACME_REG_STRING_LEN + 1];
	int err;

	acme_devlink_read_string(adev, ACME_REG_SERIAL, text);
	err = devlink_info_serial_number_put(req, text);
	if (err)
		return err;

	acme_devlink_read_string(adev, ACME_REG_FW_VERSION, text);
	err = devlink_info_version_running_put(req,
					       DEVLINK_INFO_VERSION_GENERIC_FW,
					       text);
	if (err)
		return err;

	return acme_devlink_put_api(adev, req);
}

static const struct devlink_ops acme_devlink_ops = {
	.info_get = acme_devlink_info_get,
};

static const char *acme_health_state(const struct acme_dev *adev)
{
	if (acme_dev_is_lost(adev))
		return "lost";
	return adev->why ? "failed its self-test" : "working";
}

static int acme_health_diagnose(struct devlink_health_reporter *reporter,
				struct devlink_fmsg *fmsg,
				struct netlink_ext_ack *extack)
{
	struct acme_dev *adev = devlink_health_reporter_priv(reporter);
	struct acme_adminq *aq = &adev->adminq;

	devlink_fmsg_string_pair_put(fmsg, "state", acme_health_state(adev));
	devlink_fmsg_string_pair_put(fmsg, "reason", adev->why ?: "none");
	devlink_fmsg_u32_pair_put(fmsg, "status",
				  readl(adev->regs + ACME_REG_STATUS));

	devlink_fmsg_u64_pair_put(fmsg, "admin_commands",
				  READ_ONCE(aq->commands));
	devlink_fmsg_u64_pair_put(fmsg, "admin_failures",
				  READ_ONCE(aq->failures));
	devlink_fmsg_u64_pair_put(fmsg, "admin_timeouts",
				  READ_ONCE(aq->timeouts));
	return 0;
}

static const struct devlink_health_reporter_ops acme_health_ops = {
	.name = "fw",
	.diagnose = acme_health_diagnose,
};

/* Reporting takes devlink's lock, which may be held where trouble is found. */
static void acme_health_work(struct work_struct *work)
{
	struct acme_dev *adev = container_of(work, struct acme_dev,
					     health_work);

	devlink_health_report(adev->health, adev->why, NULL);
}

/**
 * acme_devlink_report() - report that something is wrong with the device
 * @adev: device, between acme_devlink_register() and _unregister()
 * @why: what it is, a constant
 *
 * Context: any.
 */
void acme_devlink_report(struct acme_dev *adev, const char *why)
{
	adev->why = why;
	queue_work(system_long_wq, &adev->health_work);
}

/**
 * acme_devlink_alloc() - make the driver's structure for a device
 * @dev: device
 *
 * Return: the structure, zeroed, or NULL.
 */
struct acme_dev *acme_devlink_alloc(struct device *dev)
{
	struct devlink *devlink;

	devlink = devlink_alloc(&acme_devlink_ops, sizeof(struct acme_dev),
				dev);
	return devlink ? devlink_priv(devlink) : NULL;
}

void acme_devlink_free(struct acme_dev *adev)
{
	devlink_free(priv_to_devlink(adev));
}

int acme_devlink_init(struct acme_dev *adev)
{
	struct devlink_health_reporter *health;

	health = devlink_health_reporter_create(priv_to_devlink(adev),
						&acme_health_ops, 0, adev);
	if (IS_ERR(health))
		return PTR_ERR(health);

	adev->health = health;
	INIT_WORK(&adev->health_work, acme_health_work);
	return 0;
}

void acme_devlink_cleanup(struct acme_dev *adev)
{
	devlink_health_reporter_destroy(adev->health);
}

void acme_devlink_register(struct acme_dev *adev)
{
	devlink_register(priv_to_devlink(adev));
}

void acme_devlink_unregister(struct acme_dev *adev)
{
	cancel_work_sync(&adev->health_work);
	devlink_unregister(priv_to_devlink(adev));
}
