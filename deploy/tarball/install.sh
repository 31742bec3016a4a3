#!/bin/sh
# Installs kasbah with its systemd units, upgrades it, or removes it. Run it as root from the unpacked tarball.
#   ./install.sh               install or upgrade: /usr/local/bin, /usr/local/lib/kasbah, units, users, /etc/kasbah
#   ./install.sh --uninstall   remove what it installed; the keys in /var/lib/kasbah and /etc/kasbah stay
# Both include the completions for bash, zsh and fish in /usr/local/share.
# PREFIX=/opt/kasbah names another directory than /usr/local. Later upgrades and the removal find it by themselves.
set -eu
# The users of the services must be able to read the programs.
umask 022

here=$(dirname -- "$(readlink -f -- "$0")")
units=/etc/systemd/system
installed=$(sed -n 's|^ExecStart=\(/.*\)/bin/kasbah-server$|\1|p' "$units/kasbah-server.service" 2>/dev/null || true)
prefix=${PREFIX:-${installed:-/usr/local}}
completions="bash-completion/completions/kasbah bash-completion/completions/kasbah-server
  bash-completion/completions/kasbah-agent zsh/site-functions/_kasbah fish/vendor_completions.d/kasbah.fish
  fish/vendor_completions.d/kasbah-server.fish fish/vendor_completions.d/kasbah-agent.fish"
names="kasbah-server.service kasbah-agent@.service kasbah-agent-wait@.service kasbah-check.service kasbah-check.timer"

fail() {
  echo "install.sh: $1" >&2
  exit "$2"
}

check_prefix() {
  case "$prefix" in
    *[!A-Za-z0-9._/+-]* | [!/]*)
      fail "PREFIX=$prefix: expected an absolute path of letters, digits and ._/+-, such as /opt/kasbah" 2
      ;;
    /home/* | /root/* | /run/user/* | /tmp/* | /var/tmp/*)
      fail "PREFIX=$prefix: the services cannot see this directory; choose another one, such as /opt/kasbah" 2
      ;;
  esac
}

# Our units in /etc would override those of the package, now and after each of its upgrades.
check_package() {
  if dpkg-query --show --showformat='${db:Status-Abbrev}' kasbah 2>/dev/null | grep -q '^.i'; then
    fail "the Debian package kasbah is installed: upgrade it by dpkg -i, or run apt-get remove kasbah first" 1
  fi
}

runs_systemd() { [ -d /run/systemd/system ]; }

running_units() {
  systemctl list-units --plain --no-legend --state=active 'kasbah-server.service' 'kasbah-agent@*.service' |
    sed 's/ .*//'
}

create_users() {
  install -D -m 0644 "$here/systemd/kasbah.sysusers.conf" /etc/sysusers.d/kasbah.conf
  if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers kasbah.conf
    return
  fi
  for user in kasbah kasbah-agent; do
    id "$user" >/dev/null 2>&1 ||
      useradd --system --user-group --home-dir "/var/lib/$user" --shell /usr/sbin/nologin "$user"
  done
}

install_files() {
  install -d "$prefix/bin" "$prefix/lib"
  # The old programs stay until the new ones are complete.
  rm -rf "$prefix/lib/kasbah.new"
  cp -R "$here/lib/kasbah" "$prefix/lib/kasbah.new"
  rm -rf "$prefix/lib/kasbah"
  mv "$prefix/lib/kasbah.new" "$prefix/lib/kasbah"
  for command in kasbah kasbah-server kasbah-agent; do
    install -m 0755 "$here/bin/$command" "$prefix/bin/$command"
  done
  for file in $completions; do install -D -m 0644 "$here/share/$file" "$prefix/share/$file"; done
  for unit in $names; do
    sed "s|=/usr/bin/kasbah|=$prefix/bin/kasbah|" "$here/systemd/$unit" >"$units/$unit"
  done
  install -d -m 0755 /etc/kasbah /etc/kasbah/agent /var/lib/kasbah-agent
  install -d -m 0700 -o kasbah -g kasbah /var/lib/kasbah
  [ -e /etc/kasbah/server.env ] || install -m 0644 "$here/systemd/server.env" /etc/kasbah/server.env
}

install_all() {
  check_prefix
  check_package
  install -d "$units"
  create_users
  install_files
  if runs_systemd; then
    systemctl daemon-reload
    for unit in $(running_units); do
      systemctl restart "$unit" || echo "install.sh: $unit did not start: see journalctl -u $unit" >&2
    done
  fi
  echo "installed $("$prefix/bin/kasbah" --version) in $prefix; next: edit /etc/kasbah/server.env"
}

uninstall() {
  if runs_systemd; then
    for unit in $(running_units) kasbah-check.timer; do systemctl disable --now "$unit" || true; done
    systemctl stop 'kasbah-agent-wait@*.service' || true
  fi
  for unit in $names; do rm -f "$units/$unit"; done
  rm -f "$units"/multi-user.target.wants/kasbah-server.service "$units"/multi-user.target.wants/kasbah-agent@*.service \
    "$units"/timers.target.wants/kasbah-check.timer
  for command in kasbah kasbah-server kasbah-agent; do rm -f "$prefix/bin/$command"; done
  for file in $completions; do rm -f "$prefix/share/$file"; done
  rm -rf "$prefix/lib/kasbah" /etc/sysusers.d/kasbah.conf
  if runs_systemd; then systemctl daemon-reload; fi
  echo "removed; the keys in /var/lib/kasbah and the configuration in /etc/kasbah are kept"
}

case "${1:-}" in
  "") action=install_all ;;
  --uninstall) action=uninstall ;;
  *) fail "unknown option $1: expected --uninstall or nothing" 2 ;;
esac
[ "$(id -u)" = 0 ] || fail "run it as root" 1
"$action"
