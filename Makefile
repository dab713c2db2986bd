# SPDX-License-Identifier: GPL-2.0
#
# IPsec full offload for Linux: "make help" lists what there is.
# The work is done by scripts/; this file only names it.

# Relative paths in variables are relative to the caller, also with make -C.
ifneq ($(findstring w,$(firstword -$(MAKEFLAGS))),)
export CALLER := $(if $(PWD),$(PWD),$(CURDIR))
else
export CALLER := $(CURDIR)
endif

export ACCEL ARGS CAPTURE COMPILE CUT FOREIGN FRESH FRESH_CACHE FULL IPROUTE2_SRC
export IPROUTE2_UPSTREAM IPSEC_FULL_CACHE JOBS KERNEL KERNEL_SRC LANES LINT MEM
export MODES MOVES NIC NICS NO_BUILD OUT PEER PROFILE RATE REPEATS RUN SEED
export SKIP_DEPS SMP STORM SUITE TEST TIMEOUT V

# make has a LINT of its own, which is no choice of checks.
ifeq ($(origin LINT),default)
LINT :=
endif

MAKEFLAGS += --no-print-directory

# Ends make with the script's status, once it has been built.
ifneq ($(wildcard build/vm/exit_status.so),)
load build/vm/exit_status.so
endif

.PHONY: help demo check bench vm shell deps kernel driver device iproute2 lint \
	series coverage check-fresh clean clean-cache

help: ## this list
	@scripts/help.sh Makefile

##@ From nothing to a result
demo: ## build everything, encrypt real traffic in the NIC, explain it
	@scripts/demo.sh
check: ## all tests, or TEST="name ..."; KERNEL=debug for the debug kernel
	@scripts/check.sh
bench: ## instructions per packet, by mode; MODES="full ..." chooses
	@scripts/bench.sh

##@ The test VM
vm: ## run the script RUN=, with ARGS=, in the VM; exits with its status
	@scripts/vm.sh run
shell: ## the same VM, interactive
	@scripts/vm.sh shell

##@ Quality
lint: kernel ## what upstream's maintainers would say, or LINT="check ..."
	@scripts/deps.sh scripts/lint/packages.list
	@scripts/lint.sh
series: deps ## mail-ready series in build/series; every patch builds
	@scripts/deps.sh scripts/lint/packages.list
	@scripts/series.sh
coverage: deps ## lines of the device's core that the host tests run
	@scripts/deps.sh scripts/lint/packages.list
	@scripts/coverage.sh
check-fresh: ## demo and check on a new Debian; SUITE=bookworm|trixie
	@scripts/deps.sh scripts/lint/packages.list
	@scripts/check-fresh.sh

##@ Parts
deps: ## install missing Debian packages, and virtme-ng in the cache
	@scripts/deps.sh
kernel: deps ## the patched kernel: build/kernel-normal or -debug
	@scripts/kernel/build.sh
driver: kernel ## acme.ko: build/driver-normal or -debug
	@scripts/driver.sh
device: deps ## the NIC model: build/acme
	@scripts/device.sh
iproute2: deps ## the patched ip: build/iproute2
	@scripts/iproute2.sh

##@ Removal
clean: ## remove build/
	@rm -rf build
clean-cache: ## remove the cache: kernel trees, builds, virtme-ng
	@scripts/clean-cache.sh
