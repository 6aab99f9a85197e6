"""The confusion matrix as a control, a component."""
