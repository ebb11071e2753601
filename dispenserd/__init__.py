"""The home's daemon: the shell that owns time, disk, network and process around two pure cores."""

__version__ = "0.1.0"
