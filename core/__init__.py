"""First Read's core: everything that happens to a film, without a user interface."""

__version__ = "0.1.0"
