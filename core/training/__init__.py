"""Training, calibration and export of runs; TensorFlow lives here."""
