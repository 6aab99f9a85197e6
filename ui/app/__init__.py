"""What does every page need? Guard, identity, language, resources, address, progress.

``probes``, ``read_address``, ``shutdown``, ``logs`` and ``headers`` are the server's: they belong
to no page.
"""
