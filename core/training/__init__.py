"""How is a run trained, and what has its network learned? TensorFlow is imported here alone.

``train_*`` train one thing each, ``fit`` and ``train_step`` do the steps, ``export`` makes what the
app reads. ``evidence_network`` and ``lesion_pairs`` are an experiment. ``hyperparameter_search``
looks for settings. ``activations`` and ``weight_randomisation`` look into a finished network.
"""
