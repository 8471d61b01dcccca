"""What there is on this machine: ``python -m l2o``."""

from . import __version__, kernels, names


def main() -> None:
    """Says version, kernels and names."""
    print(f"l2o {__version__}, kernels: {kernels()}")
    print("optimizers:", ", ".join(names()))
    print("Also: any file of weights that `l2o meta-train` writes.")


if __name__ == "__main__":
    main()
