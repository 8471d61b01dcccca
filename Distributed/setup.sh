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

exec "$(dirname "$0")/../Scripts"/apt_install.sh --what "MPI with its headers" "${missing[@]}"
