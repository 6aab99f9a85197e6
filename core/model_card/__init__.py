"""What is known of a run, on few pages?"""
