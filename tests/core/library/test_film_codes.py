"""Films as addresses name them."""

import hashlib

from core.library.film_codes import film_code, find_film
from core.runs.predictions import read_learned, read_predictions
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN


def test_a_code_is_found_again_and_says_nothing_of_the_patient() -> None:
    film_ids = ["train/PNEUMONIA/person1345_bacteria_3426.jpeg", "test/NORMAL/IM-0001-0001.jpeg"]
    codes = [film_code(film_id) for film_id in film_ids]

    assert [find_film(code, film_ids) for code in codes] == film_ids
    assert codes[0] == hashlib.sha256(film_ids[0].encode()).hexdigest()[:12]
    assert find_film(film_ids[0], film_ids) is None
    assert find_film(codes[0], film_ids[1:]) is None


def test_no_two_films_of_the_public_sets_have_one_code() -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    learned = read_learned(run)
    assert learned is not None
    film_ids = [*read_predictions(run).films.film_id.tolist(), *learned.films.film_id.tolist()]

    assert len(film_ids) > 5856
    assert len({film_code(one) for one in film_ids}) == len(film_ids)
