#!/usr/bin/env bash
# Builds libl2o.so into .build, or another scratch folder; further options are the Swift package manager's.
#   Bindings/build.sh [--sanitize=address --scratch-path .build-address]
set -euo pipefail
cd "$(dirname "$0")"

folder=.build
for ((index = 1; index <= $#; index++)); do
    if [[ ${!index} == --scratch-path ]]; then next=$((index + 1)) folder=${!next}; fi
done
said=$(mktemp)
trap 'rm -f "$said"' EXIT
if ! swift build -c release --product l2o-shared --explicit-target-dependency-import-check error "$@" > "$said" 2>&1; then
    cat "$said" >&2
    exit 1
fi
if grep -E '\.swift:[0-9]+:[0-9]+: warning: ' "$said" >&2; then exit 1; fi
strip=$(dirname "$(readlink -f "$(command -v swift)")")/llvm-strip
command -v "$strip" > /dev/null || strip=strip
"$strip" --strip-unneeded -o "$folder/libl2o.so" "$folder/release/libl2o-shared.so"
