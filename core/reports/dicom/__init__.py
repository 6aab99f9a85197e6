"""What goes back into the archive: the read as DICOM objects beside the film."""
