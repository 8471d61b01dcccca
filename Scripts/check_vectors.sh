#!/bin/sh
# Checks that the kernels of x86-64 are vector code as wide as the instruction set has it. A compiler that leaves a loop
# scalar makes it some hundred times slower, and every result stays right.
#
# Usage: check_vectors.sh [the build's folder, .build/release where none is given]
set -eu
cd "$(dirname "$0")/.."
build=${1:-.build/release}

command -v objdump >/dev/null || { echo "objdump is missing: install binutils" >&2; exit 1; }

instructions=$(mktemp)
trap 'rm -f "$instructions"' EXIT

# count PATTERN: how many instructions match
count() { grep -cE "$1" "$instructions" || true; }

# check MODULE REGISTERS MULTIPLICATIONS LEAST: at least so many of these on whole registers, next to no scalar ones
check() {
    module=$1 registers=$2
    set -- "$build/$module.build"/*.o "$3" "$4"
    while [ $# -gt 2 ]; do
        objdump --disassemble --no-show-raw-insn "$1"
        shift
    done >"$instructions"
    wide=$(count "\\b$1.*%$registers")
    # Sums over the lanes end in scalar additions; everything else that is scalar belongs into lanes.
    scalar=$(count '\bv?(mul|div|sqrt|fn?m(add|sub)[0-9]+)s[sd]\b')
    additions=$(count '\bv?(add|sub)s[sd]\b')
    # What takes the place of an instruction: the C library's functions, the standard library's for one lane.
    # A type's descriptor (VMn) is data, no call. And C's functions of one instruction, where they were not inlined.
    calls=$(nm "$build/$module.build"/*.o | grep -vE 'VMn$' |
        grep -cE ' U (fmaf?|sqrtf?|expf?|logf?|tanhf?|\$sS[fd]|\$ss.*SIMD)| [tT] bfloat16_' || true)
    echo "$module: $wide multiplications on whole $registers registers; scalar: $scalar multiplications or the like," \
        "$additions additions, $calls calls"
    if [ "$wide" -lt "$2" ] || [ "$scalar" -gt 4 ] || [ "$additions" -gt 120 ] || [ "$calls" -gt 0 ]; then
        echo "$module: the kernels were not vectorised: look at them with objdump -d $build/$module.build/*.o" >&2
        exit 1
    fi
}

# Some 1,280, 410, 330 and 190 of them are in the kernels.
check SIMDKernels xmm 'mulps' 600
check SIMDKernelsAVX2 ymm 'vfn?m(add|sub)[0-9]+ps' 200
check SIMDKernelsAVX512 zmm 'vfn?m(add|sub)[0-9]+ps' 150
check SIMDKernelsAVX512BF16 zmm 'vdpbf16ps' 90
