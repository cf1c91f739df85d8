"""The version of the package: read by the build, by ``version()`` and by nobody else."""

__version__ = "4.0.0"
__release__ = "4"
__revision__ = "0"


def version(use_tuple: bool = False) -> "str | tuple[int, ...]":
    """The version of this package, as a str or as a tuple of int."""
    return tuple(int(part) for part in __version__.split(".")) if use_tuple else __version__
