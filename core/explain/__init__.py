"""Which regions does the score depend on, and do they hold up?"""
