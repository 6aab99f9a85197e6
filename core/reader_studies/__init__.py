"""How is a study of readers with and without the model laid out, and handed on?"""
