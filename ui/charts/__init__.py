"""Every plot, on one template."""
