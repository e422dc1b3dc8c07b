"""The stock of sentences."""

import subprocess
import sys
import threading

from hypothesis import given
from hypothesis import strategies as st

from emulator.generate.corpus import Corpus

CORPUS = Corpus("seed")


@given(st.binary(min_size=6, max_size=6), st.integers(1, 4))
def test_the_sentences_of_one_answer_are_different_and_readable(choice: bytes, count: int) -> None:
    sentences = CORPUS.follow_ups(choice, count)
    assert len({sentence.text for sentence in sentences}) == count
    for sentence in sentences:
        assert sentence.text[0] == " "
        assert sentence.text[1].isupper()
        assert sentence.text[-1] == "."
        assert not set("{}\n") & set(sentence.text)
        assert "".join(sentence.pieces) == sentence.text


def test_the_same_seed_gives_the_same_stock_and_another_seed_another() -> None:
    assert Corpus("seed").stock == CORPUS.stock
    assert Corpus("other").stock != CORPUS.stock


def test_many_threads_that_ask_at_once_get_one_stock() -> None:
    corpus, found = Corpus("threads"), []
    threads = [threading.Thread(target=lambda: found.append(corpus.stock)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(stock is found[0] for stock in found)


def test_faker_is_imported_only_when_a_sentence_is_wanted() -> None:
    code = """
import sys
from emulator.generate.corpus import Corpus
corpus = Corpus("seed")
assert "faker" not in sys.modules
corpus.warm()
assert "faker" in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
