#!/bin/sh
# Prints the path of a PgBouncer: the installed one, else Debian's, unpacked into the folder $1. Installs nothing, starts nothing.
set -eu

found() {
    for pgbouncer in "$(command -v pgbouncer || true)" /usr/sbin/pgbouncer "$1/pgbouncer"; do
        if [ -x "$pgbouncer" ] && "$pgbouncer" --version >&2; then
            echo "$pgbouncer"
            exit 0
        fi
    done
}

found "$1"
if ! command -v apt-get >/dev/null; then
    echo "there is none, and no apt-get to fetch one with" >&2
    exit 1
fi
mkdir -p "$1"
exec 9>"$1/lock"
flock 9
found "$1"
cd "$1"
if [ "$(id -u)" = 0 ]; then
    timeout 60 apt-get -qq update >&2
fi
libraries=$(apt-cache depends pgbouncer | sed -n 's/.*Depends: \(lib\(event\|c-\?ares\)[^ ]*\)$/\1/p')
timeout 60 apt-get -qq download pgbouncer $libraries >&2
for package in ./*.deb; do
    dpkg-deb -x "$package" .
    rm "$package"
done
printf '#!/bin/sh\nLD_LIBRARY_PATH=$(echo "%s"/usr/lib/*-linux-*) exec "%s/usr/sbin/pgbouncer" "$@"\n' "$PWD" "$PWD" >pgbouncer
chmod +x pgbouncer
found "$PWD"
echo "Debian's does not run here" >&2
exit 1
