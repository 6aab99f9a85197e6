"""The bar's help list and what the bar does for keys and screen readers, a component."""
