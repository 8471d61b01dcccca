#!/usr/bin/env bash
# Makes the documentation of the library products from their DocC catalogues, and fails on any warning: a link that leads
# nowhere, a parameter that is not described.
#
# Usage: check_docs.sh [the build's folder, .build/debug where none is given]
#
# It reads the modules that `swift build` left there, so that nothing is built twice and the package needs no plugin. The
# pages go to .build/documentation; `python3 -m http.server --directory .build/documentation/Optimizers.doccarchive`
# shows those of one module at /documentation/optimizers.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-.build/debug}
pages=.build/documentation

if [[ ! -d $build/Modules ]]; then
    echo "check_docs: there are no modules in $build; run swift build first" >&2
    exit 1
fi

# The documentation compiler lies beside Swift's, as the tool that reads modules does.
find_tool() {
    if [[ $(uname -s) == Darwin ]]; then
        xcrun --find "$1"
    else
        command -v "$1" || echo "$(dirname "$(readlink -f "$(command -v swift)")")/$1"
    fi
}
docc=$(find_tool docc)
extract=("$(find_tool swift-symbolgraph-extract)" -minimum-access-level public -I "$build/Modules")
extract+=(-target "$(swift -print-target-info | sed -n 's/^ *"triple": "\(.*\)",$/\1/p' | head -n 1)")
if [[ $(uname -s) == Darwin ]]; then extract+=(-sdk "$(xcrun --show-sdk-path)"); fi
# Where a module map stands, so that modules which import it can be read.
for map in Sources/*/module.modulemap Sources/*/include/module.modulemap; do extract+=(-I "$(dirname "$map")"); done

graphs=$(mktemp -d)
trap 'rm -rf "$graphs"' EXIT
mkdir -p "$pages"
failed=()
# The command line is a library for this repository's own l2o-mpi alone.
products=$(swift package --scratch-path "$graphs/package" dump-package | python3 -c '
import json, sys
print(*(product["name"] for product in json.load(sys.stdin)["products"] if "library" in product["type"] and product["name"] != "L2OCommands"))')
for product in $products; do
    catalogue=Sources/$product/$product.docc
    if [[ ! -f $catalogue/$product.md ]]; then
        echo "check_docs: the product $product has no $catalogue/$product.md; write one" >&2
        exit 1
    fi
    mkdir "$graphs/$product"
    "${extract[@]}" -module-name "$product" -output-dir "$graphs/$product"
    if "$docc" convert "$catalogue" --additional-symbol-graph-dir "$graphs/$product" --warnings-as-errors \
        --fallback-display-name "$product" --fallback-bundle-identifier "$product" \
        --output-path "$pages/$product.doccarchive"; then
        echo "$product: documented"
    else
        failed+=("$product")
    fi
done
if [[ ${#failed[@]} -gt 0 ]]; then
    echo "check_docs: warnings in ${failed[*]}" >&2
    exit 1
fi
