# Runs as the first process of a page's namespaces: $1 is its folder, $2 the clone, $3 "clone" if the page changes the clone.
# What the page writes below /etc, /var, /run, /srv and its home is gone with the namespaces; the machine keeps what it has.
set -eu
layers=$1/layers
mkdir -p "$layers"
mount --make-rprivate /
mount -t tmpfs tmpfs "$layers"
over() {
  name=$(echo "$1" | tr / _)
  mkdir -p "$layers/$name/upper" "$layers/$name/work"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$layers/$name/upper,workdir=$layers/$name/work" "$1"
}
for folder in /etc /var /run /srv; do over "$folder"; done
[ "$3" != clone ] || over "$2"
ip link set lo up 2>/dev/null || true
echo ready
# Until the runner closes this end, or kills the namespaces.
cat >/dev/null
