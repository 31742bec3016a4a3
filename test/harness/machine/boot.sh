#!/bin/sh
# Process 1 of the namespaces of a machine: makes its root, an overlay of this system, and becomes systemd.
# Usage: boot.sh FOLDER [HIDDEN ...]; FOLDER is empty, and the machine does not see the HIDDEN directories.
set -e
folder=$1
shift

mount --make-rprivate /
# The overlay needs a file system of its own: it cannot change the one that it shows.
mount -t tmpfs -o size=2g tmpfs "$folder"
mkdir "$folder/changed" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/changed,workdir=$folder/work" "$folder/root"
root=$folder/root

for hidden in "$@"; do
  if [ -d "$root$hidden" ]; then mount -t tmpfs tmpfs "$root$hidden"; fi
done
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
  mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
  mkdir "$root/sys/fs/cgroup/systemd"
  mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
fi

# Images of containers forbid packages to start services.
rm -f "$root/usr/sbin/policy-rc.d"
# Else dpkg rebuilds the index of all man pages, for a quarter of a minute.
rm -f "$root/var/lib/man-db/auto-update"
# The package must not depend on another Node.
find "$root/usr/bin/" "$root/usr/local/bin/" -name node -delete

cd "$root"
pivot_root . mnt
umount -l /mnt
# The credentials of a service reach it through the propagation of mounts, which systemd expects in a container.
mount --make-rshared /
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd systemd.unit=basic.target
