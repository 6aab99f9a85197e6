"""May this radiograph be read by the model?"""
