# Each target installs what it needs first. The one thing to have before is a Swift toolchain, 6.3 or newer
# (https://www.swift.org/install).

SWIFT ?= swift
SWIFT_CODE := Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources \
	Bindings/Package.swift Bindings/Sources \
	Examples/*/Package.swift Examples/*/Sources Distributed/Package.swift Distributed/Sources

.PHONY: quickstart test bench docs distributed distributed-test format lint setup wheel python-test

# Builds the command and runs its introduction.
quickstart: setup
	$(SWIFT) build -c release --product l2o
	"$$($(SWIFT) build -c release --show-bin-path)/l2o" quickstart

# The whole test suite, in the build that is used: on its own, `swift test` would build everything once more, with internal
# symbols for tests to see. With `--build-tests`, which names no product, tools of other packages' plugins would be built too.
test: setup
	$(SWIFT) build -c release --product swift-l2oPackageTests
	$(SWIFT) test -c release --skip-build

# Times ours against JAX and PyTorch, turn by turn: half an hour, or a few minutes with ARGS=--quick.
# ARGS="--json FILE" keeps every figure; Benchmarks/README.md has the rest.
bench: setup
	$(SWIFT) build -c release --package-path Benchmarks --product l2o-bench
	Benchmarks/peers/setup.sh
	"$$($(SWIFT) build -c release --package-path Benchmarks --show-bin-path)/l2o-bench" \
		--python Benchmarks/.venv/bin/python --peers Benchmarks/peers $(ARGS)

# Makes the pages of the library products, in .build/documentation.
docs: setup
	$(SWIFT) build --product l2o
	Scripts/check_docs.sh

# Makes the Python package's wheel with the command l2o inside, in Bindings/python/dist. The command is built once more, with
# Swift's runtime and Foundation inside, which takes minutes the first time.
wheel: setup
	Bindings/build.sh
	command=$$(Bindings/build_command.sh) && L2O_COMMAND=$$command Bindings/python/build_wheel.sh

# Makes a wheel without the command, installs it into an empty environment, and runs README's lines and the tests there.
python-test: setup
	Bindings/build.sh
	Bindings/python/check.sh

# Builds l2o-mpi, the same command line on the ranks of MPI (Documentation/Distributed.md), with Open MPI or, with
# L2O_MPI=mpich, MPICH; and says where it is.
distributed: setup
	Distributed/setup.sh
	rm -f .build/release/description.json
	$(SWIFT) build -c release --package-path Distributed --product l2o-mpi --scratch-path "$(CURDIR)/.build"
	rm -f .build/release/description.json
	@echo "$(CURDIR)/.build/release/l2o-mpi"

# Runs it with both: the same bits on any number of ranks, after kills, between hosts. ARGS=--full takes long.
distributed-test: setup
	Distributed/setup.sh
	Distributed/check.sh $(ARGS)

# Formats every Swift file in place.
format: setup
	$(SWIFT) format format --in-place --parallel --recursive $(SWIFT_CODE)

# Says where a file is not formatted.
lint: setup
	$(SWIFT) format lint --strict --parallel --recursive $(SWIFT_CODE)

# Installs the system packages that are missing.
setup:
	@Scripts/setup.sh "$(SWIFT)"
