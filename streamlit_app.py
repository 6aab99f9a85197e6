"""First Read: the router, and nothing else."""

from ui.guard import route

route()
