"""What does a synthetic chest radiograph of a small child look like, and what is in it?"""
