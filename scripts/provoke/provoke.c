// SPDX-License-Identifier: GPL-2.0
/*
 * Does on request what a kernel complains about, to see whether the complaint is
 * noticed. For a debug kernel in a test VM only.
 *
 *   echo NAME >/sys/kernel/debug/provoke
 */

#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/rcupdate.h>
#include <linux/ref_tracker.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>

#define PROVOKE_BLOCKS	1024

static DEFINE_SPINLOCK(provoke_lock_a);
static DEFINE_SPINLOCK(provoke_lock_b);
static int __rcu *provoke_pointer;
static struct dentry *provoke_file;
static struct {
	int values[4];
	int behind[4];
} provoke_array;

static void provoke_warn(void)
{
	WARN(1, "provoked\n");
}

static void provoke_rcu(void)
{
	rcu_dereference(provoke_pointer);
}

static void provoke_atomic(void)
{
	spin_lock(&provoke_lock_a);
	might_sleep();
	spin_unlock(&provoke_lock_a);
}

static void provoke_lock(void)
{
	spin_lock(&provoke_lock_a);
	spin_lock(&provoke_lock_b);
	spin_unlock(&provoke_lock_b);
	spin_unlock(&provoke_lock_a);
	spin_lock(&provoke_lock_b);
	spin_lock(&provoke_lock_a);
	spin_unlock(&provoke_lock_a);
	spin_unlock(&provoke_lock_b);
}

static void provoke_shift(void)
{
	int bits = 40;

	/* Here and below: the compiler would see what is meant, and warn. */
	OPTIMIZER_HIDE_VAR(bits);
	provoke_array.values[0] = 1 << bits;
}

static void provoke_bounds(void)
{
	int index = ARRAY_SIZE(provoke_array.values);

	OPTIMIZER_HIDE_VAR(index);
	provoke_array.values[index] = 1;
}

static void provoke_list(void)
{
	struct list_head entry;
	LIST_HEAD(list);

	list_add(&entry, &list);
	list_del(&entry);
	list_del(&entry);
}

static void provoke_refcount(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
}

static void provoke_holder(void)
{
	struct ref_tracker *tracker = NULL;
	struct ref_tracker_dir dir;

	ref_tracker_dir_init(&dir, 4, "provoked");
	ref_tracker_alloc(&dir, &tracker, GFP_KERNEL);
	ref_tracker_dir_exit(&dir);
}

/* Unmapped with another size than it was mapped with. */
static void provoke_dma(void)
{
	struct platform_device *pdev;
	dma_addr_t addr;
	void *memory;

	pdev = platform_device_register_simple("provoke", PLATFORM_DEVID_NONE,
					       NULL, 0);
	if (IS_ERR(pdev))
		return;
	memory = kzalloc(256, GFP_KERNEL);
	if (!memory || dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64)))
		goto out;
	addr = dma_map_single(&pdev->dev, memory, 256, DMA_TO_DEVICE);
	if (!dma_mapping_error(&pdev->dev, addr))
		dma_unmap_single(&pdev->dev, addr, 128, DMA_TO_DEVICE);
out:
	kfree(memory);
	platform_device_unregister(pdev);
}

static void provoke_expired(struct timer_list *timer)
{
}

static void provoke_object(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, provoke_expired, 0);
	mod_timer(timer, jiffies + 3600 * HZ);
	kfree(timer);
}

static void provoke_free(void)
{
	char *memory = kmalloc(100, GFP_KERNEL);
	char *stale = memory;

	if (!memory)
		return;
	OPTIMIZER_HIDE_VAR(stale);
	kfree(memory);
	WRITE_ONCE(stale[8], 1);
}

static void provoke_leak(void)
{
	int i;

	/* Several, as a stale pointer may still be on a stack. */
	for (i = 0; i < 16; i++)
		memset(kmalloc(333, GFP_KERNEL | __GFP_NOFAIL), i, 333);
}

static void provoke_alloc(void)
{
	struct page *list = NULL, *page;
	int i;

	for (i = 0; i < PROVOKE_BLOCKS; i++) {
		page = alloc_pages(GFP_KERNEL | __GFP_NORETRY, MAX_PAGE_ORDER);
		if (!page)
			break;
		*(struct page **)page_address(page) = list;
		list = page;
	}
	while (list) {
		page = list;
		list = *(struct page **)page_address(page);
		__free_pages(page, MAX_PAGE_ORDER);
	}
}

static void provoke_oops(void)
{
	int *nowhere = NULL;

	OPTIMIZER_HIDE_VAR(nowhere);
	WRITE_ONCE(*nowhere, 1);
}

static const struct {
	const char *name;
	void (*function)(void);
} provocations[] = {
	{ "alloc", provoke_alloc },
	{ "atomic", provoke_atomic },
	{ "bounds", provoke_bounds },
	{ "dma", provoke_dma },
	{ "free", provoke_free },
	{ "holder", provoke_holder },
	{ "leak", provoke_leak },
	{ "list", provoke_list },
	{ "lock", provoke_lock },
	{ "object", provoke_object },
	{ "oops", provoke_oops },
	{ "rcu", provoke_rcu },
	{ "refcount", provoke_refcount },
	{ "shift", provoke_shift },
	{ "warn", provoke_warn },
};

static ssize_t provoke_write(struct file *file, const char __user *buf,
			     size_t len, loff_t *pos)
{
	char name[16] = {};
	size_t i;

	if (len >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, buf, len))
		return -EFAULT;
	for (i = 0; i < ARRAY_SIZE(provocations); i++) {
		if (!sysfs_streq(name, provocations[i].name))
			continue;
		provocations[i].function();
		return len;
	}

	return -ENOENT;
}

static const struct file_operations provoke_fops = {
	.owner = THIS_MODULE,
	.write = provoke_write,
};

static int __init provoke_init(void)
{
	provoke_file = debugfs_create_file("provoke", 0200, NULL, NULL,
					   &provoke_fops);
	return PTR_ERR_OR_ZERO(provoke_file);
}

static void __exit provoke_exit(void)
{
	debugfs_remove(provoke_file);
}

module_init(provoke_init);
module_exit(provoke_exit);
MODULE_DESCRIPTION("What a kernel complains about, on request");
MODULE_LICENSE("GPL");
