#!/usr/bin/env bash
# Installs what the build needs from the system, where it is missing: oneDNN, zlib and SQLite with their headers.
# Usage: setup.sh [the swift command]
set -euo pipefail

swift=${1:-swift}
if ! command -v "$swift" > /dev/null; then
    echo "setup: there is no $swift; install Swift 6.3 or newer from https://www.swift.org/install" >&2
    exit 1
fi

has_header() { [[ -e /usr/include/$1 || -e /usr/local/include/$1 ]]; }

if [[ $(uname -s) == Darwin ]]; then
    # zlib and SQLite come with Xcode.
    if ! brew list --versions onednn > /dev/null; then brew install onednn; fi
    exit 0
fi

missing=()
has_header dnnl.h || missing+=(libdnnl-dev)
has_header zlib.h || missing+=(zlib1g-dev)
has_header sqlite3.h || missing+=(libsqlite3-dev)
if [[ ${#missing[@]} -eq 0 ]]; then exit 0; fi

if ! command -v apt-get > /dev/null; then
    echo "setup: install the headers of oneDNN, zlib and SQLite, called ${missing[*]} on Debian" >&2
    exit 1
fi
as_root=()
if [[ $(id -u) -ne 0 ]]; then as_root=(sudo); fi
echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update --quiet
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends "${missing[@]}"
