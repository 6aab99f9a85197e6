"""Films as cards, a Streamlit component."""

from ui.cards.cards import PAGE_FILMS, PICTURE_PX, Card, CardsWish, hear_cards, show_cards

__all__ = ["PAGE_FILMS", "PICTURE_PX", "Card", "CardsWish", "hear_cards", "show_cards"]
