# Each target installs what it needs first. The one thing to have before is a Swift toolchain, 6.3 or newer
# (https://www.swift.org/install).

SWIFT ?= swift
SWIFT_CODE := Package.swift Sources Tests

.PHONY: quickstart test format lint setup

# Builds the command and runs its introduction.
quickstart: setup
	$(SWIFT) build -c release --product l2o
	"$$($(SWIFT) build -c release --show-bin-path)/l2o" quickstart

# The whole test suite, in the build that is used.
test: setup
	$(SWIFT) test -c release

# Formats every Swift file in place.
format: setup
	$(SWIFT) format format --in-place --parallel --recursive $(SWIFT_CODE)

# Says where a file is not formatted.
lint: setup
	$(SWIFT) format lint --strict --parallel --recursive $(SWIFT_CODE)

# Installs the system packages that are missing.
setup:
	@Scripts/setup.sh "$(SWIFT)"
