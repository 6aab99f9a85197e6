"""Does a run read well enough on a site's own films, and at which threshold is it to read there?"""
