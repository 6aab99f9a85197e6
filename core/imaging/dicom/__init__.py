"""How is a DICOM file read, element by element?"""
