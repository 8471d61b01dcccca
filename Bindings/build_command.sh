#!/usr/bin/env bash
# Builds the command l2o for machines without Swift into .build-command/l2o: the Swift runtime and Foundation are inside. The
# first time takes as long as the command itself; further options are the Swift package manager's.
set -euo pipefail
cd "$(dirname "$0")"

scratch=$PWD/.build-command
toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")
mkdir -p "$scratch/curl"
"$toolchain/bin/clang" -O2 -Wall -Wextra -Werror -c command/curl.c -o "$scratch/curl/curl.o"
rm -f "$scratch/curl/libcurl.a"
"$toolchain/bin/llvm-ar" rcs "$scratch/curl/libcurl.a" "$scratch/curl/curl.o"
# Nothing looks up symbols in a command: without them it is half as large.
swift build -c release --package-path .. --scratch-path "$scratch" --product l2o --static-swift-stdlib \
    -Xlinker -L"$scratch/curl" -Xlinker --no-export-dynamic -Xlinker --gc-sections -Xlinker -s "$@" >&2
cp "$scratch/release/l2o" "$scratch/l2o"
if needed=$(ldd "$scratch/l2o" | grep -E 'swift|Foundation|dispatch|icu|curl'); then
    echo "the command needs what a machine without Swift may lack: $needed" >&2
    exit 1
fi
echo "$scratch/l2o"
