from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from twincell.errors import ProductionError
from twincell.production.journal import GENESIS, Journal, verify
from twincell.production.messages import Journalled


def filled(path: Path, count: int = 5) -> Path:
    with Journal(path) as journal:
        for i in range(count):
            journal.append(Journalled(float(i), "task_done", f"blade_{i}", {"took": i * 0.5}))
    return path


def test_lines_come_back_in_order_and_up_to_a_moment(tmp_path: Path) -> None:
    with Journal(filled(tmp_path / "j.db")) as journal:
        assert [e.line.subject for e in journal.replay()] == [f"blade_{i}" for i in range(5)]
        assert len(list(journal.replay(until=2.0))) == 3
        assert len(journal) == 5


def test_hashes_are_those_of_a_second_implementation(tmp_path: Path) -> None:
    path = filled(tmp_path / "j.db")
    last = GENESIS
    for _, content, digest in sqlite3.connect(path).execute("SELECT * FROM journal"):
        last = hashlib.sha256((last + "\n" + content).encode()).hexdigest()
        assert digest == last
    with Journal(path) as journal:
        assert journal.head == last


def test_a_reopened_journal_goes_on(tmp_path: Path) -> None:
    path = filled(tmp_path / "j.db")
    with Journal(path) as journal:
        journal.append(Journalled(9.0, "plan", "plan-1", {}))
    assert verify(path) == 6


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE journal SET content = replace(content, '1.0', '1.1') WHERE number = 3",
        "UPDATE journal SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE number = 3",
        "DELETE FROM journal WHERE number = 3",
    ],
)
def test_any_altered_entry_is_found(tmp_path: Path, harm: str) -> None:
    path = filled(tmp_path / "j.db")
    file = sqlite3.connect(path)
    file.execute(harm)
    file.commit()
    file.close()
    with pytest.raises(ProductionError, match="entry 3"):
        verify(path)
    with pytest.raises(ProductionError, match="entry 3"):
        Journal(path)


def test_what_is_no_journal_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProductionError, match="no journal"):
        verify(tmp_path / "none.db")
    wrong = tmp_path / "text.db"
    wrong.write_text("this is no database, it is text" * 50)
    with pytest.raises(ProductionError, match="not a journal"):
        Journal(wrong)
    with Journal(tmp_path / "k.db") as journal, pytest.raises(ProductionError, match="cannot be"):
        journal.append(Journalled(0.0, "x", "y", {"nan": float("nan")}))
