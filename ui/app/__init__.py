"""What does every page need? Guard, identity, resources, address, progress.

``probes``, ``shutdown``, ``logs`` and ``headers`` are the server's: they belong to no page.
"""
