"""What the components of this app share."""

from ui.component.component import declare

__all__ = ["declare"]
