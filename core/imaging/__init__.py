"""How do bytes become a radiograph, and a radiograph a picture?"""
