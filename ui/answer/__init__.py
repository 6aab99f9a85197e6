"""A trainee's answer to a film, given by keys or pointer."""

from ui.answer.answer import AnswerSaid, hear_answer, show_answer

__all__ = ["AnswerSaid", "hear_answer", "show_answer"]
