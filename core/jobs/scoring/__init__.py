"""How is an archive scored that is larger than a machine?"""
