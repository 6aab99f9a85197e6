"""How faint may a lesion be? Synthetic lesions in a site's own normal films, by lung zone."""
