"""Which features besides the lungs does a run rely on?"""
