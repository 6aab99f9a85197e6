"""How is a run trained? TensorFlow is imported here and nowhere else."""
