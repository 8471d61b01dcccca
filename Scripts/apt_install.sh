#!/usr/bin/env bash
# Installs packages of Debian or Ubuntu.
# Usage: apt_install.sh [--what TEXT] PACKAGE…; where there is no apt-get, it says that TEXT is to be installed.
set -euo pipefail

what="what they contain"
if [[ ${1:-} == --what ]]; then
    what=$2
    shift 2
fi
if [[ $# -eq 0 ]]; then exit 0; fi
if ! command -v apt-get > /dev/null; then
    echo "setup: install $what, called $* on Debian" >&2
    exit 1
fi
as_root=()
if [[ $(id -u) -ne 0 ]]; then as_root=(sudo); fi
echo "setup: installing $*"
"${as_root[@]}" apt-get update --quiet
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends "$@"
