#!/usr/bin/env bash
# Checks the C library and the Python package: builds the library, looks at what it exports and needs, runs the C tests, then
# builds the wheel, installs it into an empty environment and runs the README's lines and the tests there.
#
#   Bindings/check.sh [--c] [--command] [--sanitize]
#       --c         the C library alone
#       --command   with the command l2o in the wheel, which is built for that: minutes more the first time
#       --sanitize  the C tests with the library itself compiled for the address, then the thread sanitizer: minutes more
set -euo pipefail
cd "$(dirname "$0")"

python=yes command=no sanitize=no
for argument in "$@"; do
    case $argument in
        --c) python=no ;;
        --command) command=yes ;;
        --sanitize) sanitize=yes ;;
        *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done

command -v nm > /dev/null || ../Scripts/apt_install.sh binutils

# The C compiler of the Swift toolchain has both sanitizers; its thread sanitizer needs the runtime's dispatch.
toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")
cc=$toolchain/bin/clang
runtime=$toolchain/lib/swift/linux
flags=(-fuse-ld=lld -std=c11 -Wall -Wextra -Werror -g -Iinclude Tests/*.c)

echo "== the library"
./build.sh
lib=$PWD/.build/libl2o.so

exported=$(nm -D --defined-only "$lib" | awk '{print $3}' | sort)
declared=$(grep -oE '\bl2o_[a-z_]+\(' include/l2o.h | tr -d '(' | sort -u)
if [[ $exported != "$declared" ]]; then
    echo "exported and declared names differ:" >&2
    diff <(echo "$exported") <(echo "$declared") >&2
    exit 1
fi
if needed=$(ldd "$lib" | grep -E 'swift|Foundation|dispatch|icu'); then
    echo "the library needs what a machine without Swift lacks: $needed" >&2
    exit 1
fi

echo "== a C program, as C and as C++ compile it, plain and with sanitizers"
# c_test NAME LIBRARY-FOLDER FLAGS…
c_test() {
    "$cc" "${flags[@]}" "${@:3}" -o ".build/test-$1" -L"$2" -l:libl2o.so -lm -lpthread -Wl,-rpath,"$2"
    ".build/test-$1"
}
echo '#include "l2o.h"' | "$cc" -x c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -
c_test plain "$PWD/.build" -O2
# What the library writes beyond a caller's memory is seen where it goes through the C library; the rest with --sanitize.
c_test address "$PWD/.build" -O1 -fsanitize=address,undefined
if [[ $sanitize == yes ]]; then
    export L2O_RUNTIME_OUTSIDE=1
    for kind in address thread; do
        echo "== the library compiled for the $kind sanitizer"
        ./build.sh --sanitize="$kind" --scratch-path ".build-$kind"
        c_test "all-$kind" "$PWD/.build-$kind" -O1 -fsanitize="$kind" -L"$runtime" -lswiftCore -ldispatch \
            -lBlocksRuntime -Wl,-rpath,"$runtime"
    done
    unset L2O_RUNTIME_OUTSIDE
fi

if [[ $command == yes ]]; then
    echo "== the command for machines without Swift"
    L2O_COMMAND=$(./build_command.sh)
    export L2O_COMMAND
fi
if [[ $python == yes ]]; then python/check.sh; fi
