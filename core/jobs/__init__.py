"""What goes on behind a page?

``film_*`` read films in worker processes, ``explain*`` and ``activations*`` say why a score came
about, ``site_*`` and ``scoring/`` read a site's films and archives, ``synthetic_*`` and
``examples`` the synthetic ones. ``background`` and ``processes`` are what all of them stand on.
"""
