#!/bin/sh
# Compiles the kernels for aarch64 from the sources that x86-64 uses, checks that their inner loops are NEON's fused
# multiply-adds, and runs them under qemu: results must agree with x86-64's.
#
# No aarch64 Linux toolchain is needed: the kernels use neither Foundation nor the runtime, so Embedded Swift's standard
# library for bare metal, which every toolchain brings, is enough, and Debian's cross compiler links a main program.
#
#   check_aarch64.sh tools   only installs what it needs
set -eu
cd "$(dirname "$0")/.."

for tool in aarch64-linux-gnu-gcc aarch64-linux-gnu-objdump qemu-aarch64; do
    command -v "$tool" >/dev/null && continue
    [ "$(id -u)" = 0 ] || { echo "$tool is missing: install gcc-aarch64-linux-gnu and qemu-user" >&2; exit 1; }
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y -qq --no-install-recommends \
        gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user >/dev/null
    break
done

[ "${1:-}" != tools ] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compile TARGET FOLDER FLAG…
compile() {
    target=$1 folder=$work/$2
    shift 2
    mkdir "$folder"
    flags="-target $target -wmo -parse-as-library -O
        -enable-experimental-feature Embedded -enable-experimental-feature BuiltinModule
        -enable-upcoming-feature InternalImportsByDefault -Xcc -fno-math-errno -I $folder"
    for module in KernelTypes SIMDKernels; do
        swiftc $flags "$@" -module-name $module -emit-module -emit-module-path "$folder/$module.swiftmodule" \
            -c Sources/$module/*.swift -o "$folder/$module.o"
    done
    swiftc $flags "$@" -module-name Probe -c Scripts/aarch64/probe.swift -o "$folder/Probe.o"
}

compile aarch64-none-none-elf arm -D NATIVE_FMA &
compile x86_64-unknown-linux-gnu intel
wait $!

# The loop of FourSums has sixteen, once for each kernel; a scalar or unfused loop has none.
fused=$(aarch64-linux-gnu-objdump -d "$work/arm/SIMDKernels.o" | grep -c 'fmla.*\.4s' || true)
[ "$fused" -ge 200 ] || { echo "only $fused NEON multiply-adds: the kernels were not vectorised" >&2; exit 1; }
echo "$fused NEON multiply-adds in the kernels"

aarch64-linux-gnu-gcc -O1 -static-pie Scripts/aarch64/main.c "$work"/arm/*.o -o "$work/arm/probe" -lm
cc -O1 -static-pie Scripts/aarch64/main.c "$work"/intel/*.o -o "$work/intel/probe" -lm
qemu-aarch64 "$work/arm/probe" dump >"$work/results"
"$work/intel/probe" compare <"$work/results"
