"""The networks that runs train."""
