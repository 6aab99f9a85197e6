"""How does whoever runs First Read see that it works?"""
