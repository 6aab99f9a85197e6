"""A site's own films: what they are labelled with, and what a run says of them."""
