# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034  # for who sources it
#
# What assembling and building the kernel have in common. Needs lib.sh.
#
#   $CACHE/kernel/src-ID/linux      the work tree of one kernel source
#   $CACHE/kernel/src-ID/pristine   the originals of the files we patched
#   $CACHE/kernel/out-HASH          a finished build, never changed again
#   $CACHE/kernel/series-ID/linux   a tree in which series.sh compiles
#   $CACHE/kernel/intree-ID/linux   one with the driver laid in

KERNEL_CACHE=$CACHE/kernel
KERNEL_FLAVOUR=${KERNEL:-normal}
KERNEL_FRAGMENTS=("$REPO/scripts/kernel/base.config" "$SELFTESTS/config")
DEBIAN_TARBALL=/usr/src/linux-source-6.12.tar.xz

case $KERNEL_FLAVOUR in
normal) ;;
debug) KERNEL_FRAGMENTS+=("$REPO/scripts/kernel/debug.config") ;;
*) die "KERNEL=$KERNEL_FLAVOUR: use normal or debug" ;;
esac

# The source to build: a directory or a tarball.
kernel_source() {
	local source=${KERNEL_SRC:-$DEBIAN_TARBALL}

	[[ -e $source ]] ||
		die "no kernel source at $source; set KERNEL_SRC= to a 6.12.y tree or tarball"
	realpath -- "$source"
}

# A directory is identified by its files' sizes and times, a tarball by its own.
kernel_source_id() {
	local source=$1

	if [[ -d $source ]]; then
		find "$source" \( -name .git -o -name 'build-*' \) -prune -o \
			-type f -printf '%P %s %T@\n' | LC_ALL=C sort
	else
		stat --format='%n %s %Y' -- "$source"
	fi | sha256sum | cut -c1-12
}

# Files that are ours as a whole, relative to the repository.
kernel_new_files() {
	local dir

	for dir in net include; do
		[[ -d $REPO/$dir ]] || continue
		(cd "$REPO" && find "$dir" -type f \
			\( -name '*.[chS]' -o -name 'Kconfig*' -o -name 'Makefile' \))
	done | LC_ALL=C sort
}

kernel_patches() {
	[[ -d $REPO/patches ]] || return 0
	find "$REPO/patches" -maxdepth 1 -name '*.patch' | LC_ALL=C sort
}

# The kernel's own files that patches change.
kernel_changed_files() {
	local patches

	mapfile -t patches < <(kernel_patches)
	sed -n 's,^--- a/\([^\t]*\).*,\1,p' "${patches[@]}" | LC_ALL=C sort -u
}

# The hash of everything that a finished build depends on.
kernel_key() {
	local source_id=$1 files=()

	mapfile -t files < <(kernel_patches)
	files+=("${KERNEL_FRAGMENTS[@]}")
	{
		echo "$source_id $KERNEL_FLAVOUR"
		gcc --version
		(cd "$REPO" && kernel_new_files | xargs -r -d '\n' sha256sum --)
		sha256sum -- "${files[@]}" | sed 's, .*/, ,'
		cat "$REPO"/scripts/kernel/{assemble,build,common}.sh | sha256sum
	} | sha256sum | cut -c1-16
}

# link_tree ID DIR: the kernel source ID as it came. It shares files with the
# build's tree, so that a file is to be replaced and never written into.
link_tree() {
	local from=$KERNEL_CACHE/src-$1 new=$2.new

	rm -rf "$new"
	mkdir -p "$new"
	rsync -a --link-dest="$from/linux/" --exclude='/build-*' \
		"$from/linux/" "$new/"
	(cd "$new" && xargs -r -d '\n' rm -f <"$from/touched")
	rsync -a "$from/pristine/" "$new/"
	mv "$new" "$2"
}

# tree_make ARGUMENT...: make in $TREE, with $OBJ for what is built.
tree_make() {
	clean_env KBUILD_BUILD_USER=ipsec-full KBUILD_BUILD_HOST=ipsec-full \
		KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' \
		CCACHE_DIR="$CACHE/ccache" CCACHE_BASEDIR="$CACHE" \
		CCACHE_MAXSIZE=4G CCACHE_SLOPPINESS=time_macros \
		make -C "$TREE" O="$OBJ" CC="ccache gcc" HOSTCC="ccache gcc" \
		-j"$JOBS" "$@"
}
