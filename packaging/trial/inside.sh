#!/bin/sh
# Inside a clean system that systemd has booted: the package is installed, run, upgraded, removed and purged, as an operator would.
# The first thing that is not as docs/operations.md says ends it.
set -eu
export DEBIAN_FRONTEND=noninteractive
package=/trial/coffer.deb

step() { echo "==> $*"; }
fail() { echo "inside.sh: $*"; journalctl -u coffer -u coffer-backup -o cat --no-pager | tail -n 40; exit 1; }
apt() { apt-get -qq -o Dpkg::Use-Pty=0 "$@" > /trial/apt 2>&1 || { cat /trial/apt; fail "apt-get $*"; }; sed -n '/^coffer:/p' /trial/apt; }
is() { [ "$2" = "$3" ] || fail "$1: it is $2, not $3"; }
mode() { stat -c '%a %U:%G' "$1"; }
answers() {
    for _ in $(seq 300); do
        if coffer doctor --endpoint http://127.0.0.1:7600 --only reached > /dev/null 2>&1; then return; fi
        sleep 0.1
    done
    fail "the server does not answer"
}
address() { coffer attach "$1" --print --output json | sed -n 's/.*"Uri": *"\([^"]*\)".*/\1/p'; }
holds() { nbdcopy "$(address "$1")" /trial/read; cmp -n 4194304 /trial/read /trial/wrote || fail "the disk $1 has other bytes"; rm /trial/read; }

step "install"
apt install "$package"
is "the data directory" "$(mode /var/lib/coffer)" "700 coffer:coffer"
is "the directory of backups" "$(mode /var/backups/coffer)" "700 coffer:coffer"
is "the shell of the user" "$(getent passwd coffer | cut -d : -f 7)" /usr/sbin/nologin
is "the service before anybody said so" "$(systemctl is-enabled coffer.service || true) $(systemctl is-active coffer.service || true)" "disabled inactive"
is "a file that is not as packed" "$(dpkg --verify coffer)" ""

step "the units"
systemd-analyze verify coffer.service coffer-backup.service coffer-backup.timer
for unit in coffer.service coffer-backup.service; do
    systemd-analyze security --offline=true --threshold=15 "$unit" | tail -n 1
done

step "start"
systemctl enable --now --quiet coffer.service coffer-backup.timer
answers
is "who runs it" "$(ps -o user= -p "$(systemctl show -P MainPID coffer)")" coffer
export $(journalctl -u coffer -o cat | sed -n 's/^ *export \(ALIBABA_CLOUD_ACCESS_KEY_ID=.*\)/\1/p' | head -n 1)
is "modes in the data directory" "$(find /var/lib/coffer -perm /077 -not -name nbd | head -n 1)" ""
coffer status
coffer default-encryption enable
disk=$(coffer disk create --size 20)
head -c 4194304 /dev/urandom > /trial/wrote
nbdcopy /trial/wrote "$(address "$disk")"
holds "$disk"
coffer snapshot create "$disk" --wait > /dev/null
runuser -u coffer -- coffer doctor --config /etc/coffer/coffer.toml

step "io_uring within the unit's filter of system calls"
printf '[volumes]\ndriver = "io_uring"\n' >> /etc/coffer/coffer.toml
systemctl restart coffer
answers
holds "$disk"

step "backup"
systemctl start coffer-backup.service
backup=$(ls /var/backups/coffer/*.backup)
is "the backup" "$(mode "$backup")" "600 coffer:coffer"
coffer restore "$backup" --verify

step "upgrade"
before=$(systemctl show -P MainPID coffer)
apt install --reinstall "$package"
[ "$before" != "$(systemctl show -P MainPID coffer)" ] || fail "it was not restarted"
grep -q io_uring /etc/coffer/coffer.toml || fail "the settings were not kept"
answers
holds "$disk"

step "remove"
apt remove coffer
[ ! -e /usr/bin/coffer ] || fail "the program is left"
is "the service" "$(systemctl is-active coffer.service || true)" inactive
is "the timer" "$(systemctl is-active coffer-backup.timer || true)" inactive
[ -s /var/lib/coffer/root.key ] && [ -s /etc/coffer/coffer.toml ] && [ -s "$backup" ] || fail "keys, settings or backup were removed"

step "install again"
apt install "$package"
is "the service" "$(systemctl is-enabled coffer.service)" enabled
systemctl start coffer
answers
holds "$disk"

step "purge"
apt purge coffer
left=$(find / -xdev \( -path /proc -o -path /run -o -path /trial -o -path /var/log -o -path /var/cache/man \) -prune -o -name '*coffer*' -prune -print)
is "what is left of it" "$(echo "$left" | sort | xargs)" "/var/backups/coffer /var/lib/coffer"
is "the data directory" "$(mode /var/lib/coffer)" "700 coffer:coffer"
[ -s /var/lib/coffer/root.key ] || fail "a purge removed the keys"
is "failed units" "$(systemctl list-units --failed --plain --no-legend | grep coffer || true)" ""
step "all of it"
