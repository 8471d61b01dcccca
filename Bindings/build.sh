#!/usr/bin/env bash
# Builds libl2o.so into .build, in the repository's own scratch folder, where the library's modules may be built already; or
# into another scratch folder. Further options are the Swift package manager's.
#   Bindings/build.sh [--sanitize=address --scratch-path .build-address]
set -euo pipefail
cd "$(dirname "$0")"

folder=.build scratch=$(realpath ..)/.build
for ((index = 1; index <= $#; index++)); do
    if [[ ${!index} == --scratch-path ]]; then next=$((index + 1)) folder=${!next} scratch=; fi
done
if [[ -n $scratch ]]; then set -- "$@" --scratch-path "$scratch"; fi
scratch=${scratch:-$folder}
mkdir -p "$folder"
said=$(mktemp)
# The package manager may take the plan of the folder's last build for this package's, and later this one's for ours.
forget_plan() { rm -f "$scratch/release/description.json"; }
trap 'forget_plan; rm -f "$said"' EXIT
forget_plan
if ! swift build -c release --product l2o-c --explicit-target-dependency-import-check error "$@" > "$said" 2>&1; then
    cat "$said" >&2
    exit 1
fi
if grep -E '\.swift:[0-9]+:[0-9]+: warning: ' "$said" >&2; then exit 1; fi
strip=$(dirname "$(readlink -f "$(command -v swift)")")/llvm-strip
command -v "$strip" > /dev/null || strip=strip
"$strip" --strip-unneeded -o "$folder/libl2o.so" "$scratch/release/libl2o-c.so"
