/* SPDX-License-Identifier: GPL-2.0-only */
/* devlink: what the device is, and how it is. */
#ifndef _ACME_DEVLINK_H
#define _ACME_DEVLINK_H

struct acme_dev;
struct device;

struct acme_dev *acme_devlink_alloc(struct device *dev);
void acme_devlink_free(struct acme_dev *adev);
int acme_devlink_init(struct acme_dev *adev);
void acme_devlink_cleanup(struct acme_dev *adev);
void acme_devlink_register(struct acme_dev *adev);
void acme_devlink_unregister(struct acme_dev *adev);
void acme_devlink_report(struct acme_dev *adev, const char *why);
void acme_devlink_read_string(struct acme_dev *adev, u32 reg, char *buf);

#endif /* _ACME_DEVLINK_H */
