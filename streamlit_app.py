"""First Read: the router, and nothing else."""

from ui.app.guard import route

route()
