"""How does a document become Markdown or PDF?"""
