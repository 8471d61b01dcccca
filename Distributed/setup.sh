#!/usr/bin/env bash
# Installs Open MPI and MPICH with their headers, where one is missing.
set -euo pipefail
if [[ $(uname -s) == Darwin ]]; then
    if ! brew list --versions open-mpi > /dev/null; then brew install open-mpi; fi
    exit 0
fi
missing=()
pkg-config --exists ompi-c 2> /dev/null || missing+=(libopenmpi-dev openmpi-bin)
pkg-config --exists mpich 2> /dev/null || missing+=(libmpich-dev mpich)
command -v ip > /dev/null || missing+=(iproute2)
command -v pkg-config > /dev/null || missing+=(pkg-config)
if [[ ${#missing[@]} -eq 0 ]]; then exit 0; fi
if ! command -v apt-get > /dev/null; then
    echo "setup: install MPI with its headers, called ${missing[*]} on Debian" >&2
    exit 1
fi
as_root=()
if [[ $(id -u) -ne 0 ]]; then as_root=(sudo); fi
echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update --quiet
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends "${missing[@]}"
