"""Eight readers who each send a film of 40 megapixels at once: the whole app stays small."""

import asyncio
import threading
import time

import imagecodecs
import numpy as np

from bench.app_server import memory_of_all, run_app
from bench.websocket_reader import open_page

READERS, SIDE_PX = 8, 6300
MOST_MB = 1500


def large_film(seed):
    """Return a PNG of 40 megapixels that takes half a byte a pixel, as real films do."""
    rng = np.random.default_rng(seed)
    levels = rng.integers(120, 136, (SIDE_PX, SIDE_PX), dtype=np.uint8)
    return imagecodecs.png_encode(levels, level=1)


class Watch(threading.Thread):
    """Looks at the app's memory, all of its processes together, again and again."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most_mb, self.over = pid, 0.0, threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.05):
            try:
                self.most_mb = max(self.most_mb, memory_of_all(self.pid))
            except OSError:  # a process has just ended
                continue


async def send(address, name, content):
    async with open_page(address) as page:
        await page.until(lambda: page.find("upload-0"), "the uploader")
        began = time.monotonic()
        await page.upload("upload-0", name, content)
        await page.until(lambda: page.holds("Not recognised as a frontal"), "the gate's finding")
        return time.monotonic() - began, page.errors


async def send_all(address, films):
    return await asyncio.gather(
        *(send(address, f"film-{number}.png", film) for number, film in enumerate(films))
    )


def test_eight_films_of_40_megapixels_at_once_stay_under_1500_mb():
    films = [large_film(seed) for seed in range(READERS)]
    with run_app() as server:
        server.wait_until_it_answers()
        watch = Watch(server.pid)
        answers = asyncio.run(send_all(server.address, films))
        watch.over.set()
        watch.join()
    sent_mb = sum(map(len, films)) / 1e6
    seconds = max(seconds for seconds, _ in answers)
    note = f"{sent_mb:.0f} MB sent, answered in {seconds:.0f} s, {watch.most_mb:.0f} MB at most"
    assert [errors for _, errors in answers if errors] == []
    assert watch.most_mb < MOST_MB, note
