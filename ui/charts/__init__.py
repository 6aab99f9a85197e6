"""How is a figure drawn? Every plot, on one template."""
