// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The guest's RAM. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nic.h"

/* Above, the machine puts RAM elsewhere than its offset in the file. */
#define MEM_MAX	(2ULL << 30)

static int map(struct guest_mem *mem, int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st)) {
		complain("%s: %s", path, strerror(errno));
		return -1;
	}
	if (st.st_size <= 0 || (u64)st.st_size > MEM_MAX) {
		complain("%s: guest memory has %lld bytes, not 1 to 2 GiB",
			 path, (long long)st.st_size);
		return -1;
	}
	mem->size = st.st_size;
	mem->base = mmap(NULL, mem->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, 0);
	if (mem->base == MAP_FAILED) {
		complain("%s: can't map: %s", path, strerror(errno));
		return -1;
	}
	return 0;
}

int mem_map(struct guest_mem *mem, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int err;

	if (fd < 0) {
		complain("%s: can't open: %s", path, strerror(errno));
		return -1;
	}
	err = map(mem, fd, path);
	close(fd);
	return err;
}

void *mem_at(const struct guest_mem *mem, u64 addr, u64 len)
{
	if (len > mem->size || addr > mem->size - len)
		return NULL;
	return mem->base + addr;
}

void mem_unmap(struct guest_mem *mem)
{
	munmap(mem->base, mem->size);
}
