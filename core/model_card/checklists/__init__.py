"""Which items of CLAIM and STARD-AI can be answered?"""
