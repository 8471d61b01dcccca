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

exec "$(dirname "$0")"/apt_install.sh --what "the headers of oneDNN, zlib and SQLite" "${missing[@]}"
