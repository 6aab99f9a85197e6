"""The confusion matrix as a control, a Streamlit component."""

from ui.matrix.matrix import MATRIX_HEIGHT, MatrixWish, hear_matrix, show_matrix

__all__ = ["MATRIX_HEIGHT", "MatrixWish", "hear_matrix", "show_matrix"]
