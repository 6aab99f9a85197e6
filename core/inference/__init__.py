"""What does a run say of a radiograph?"""
