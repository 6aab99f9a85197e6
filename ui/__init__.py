"""What the pages draw with; the only package besides pages/ that imports Streamlit."""
