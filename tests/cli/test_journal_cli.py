"""`twincell journal` as a user meets it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from twincell.cli import app
from twincell.production.identity import shift_line
from twincell.production.journal import GENESIS, Journal
from twincell.production.messages import Journalled
from twincell.world.load import load_world


def call(*arguments):
    return CliRunner().invoke(app, ["journal", *(str(a) for a in arguments)])


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "journal.mcap"
    with Journal(path) as kept:
        kept.append(Journalled(0.0, "plan", "plan-1", {"reason": "the shift begins", "text": ""}))
        kept.append(Journalled(1.0, "task_started", "blade_1/load", {}))
        kept.append(Journalled(9.0, "task_done", "blade_1/load", {"note": "", "took": 8.0}))
        kept.append(Journalled(9.5, "task_started", "blade_1/inspect", {}))
    return path


def test_verify_tells_the_first_bad_entry_with_code_1(journal) -> None:
    result = call("verify", journal)
    assert result.exit_code == 0
    assert "4 entries, every byte as written" in result.stdout
    whole = journal.read_bytes()
    at = whole.index(b"blade_1/load", whole.index(b"task_done"))
    journal.write_bytes(whole[:at] + b"B" + whole[at + 1 :])
    result = call("verify", journal, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["valid"], told["entries"], told["bad_entry"]) == (False, 2, 3)
    assert "entry 3 was altered" in result.stderr


def test_a_cut_off_end_is_told_by_a_hash_that_was_noted(journal) -> None:
    head = json.loads(call("verify", journal, "--json").stdout)["head"]
    assert call("verify", journal, "--head", head).exit_code == 0
    whole = journal.read_bytes()
    journal.write_bytes(whole[: whole.index(b"task_done") - 100])
    assert call("verify", journal).exit_code == 0
    result = call("verify", journal, "--head", head)
    assert result.exit_code == 1
    assert "is gone: the end was cut off" in result.stderr


def test_replay_rebuilds_the_state_at_a_moment(journal) -> None:
    told = json.loads(call("replay", journal, "--until", 5, "--json").stdout)
    assert told["running"] == ["blade_1/load"]
    told = json.loads(call("replay", journal, "--world", "blade_cell", "--json").stdout)
    assert told["running"] == ["blade_1/inspect"]
    assert told["blades"]["blade_1"]["where"] == "fixture"
    words = call("replay", journal, "--world", "blade_cell").stdout
    assert "blade     blade_1: fixture, unjudged" in words
    assert "plan      plan-1: the shift begins" in words


def test_a_moment_that_is_none_is_refused(journal) -> None:
    told = call("replay", journal, "--until", "nan")
    assert told.exit_code == 2
    assert "valid: a time of the shift" in told.output


def test_replay_refuses_another_world_than_the_journals(tmp_path) -> None:
    path = tmp_path / "j.mcap"
    with Journal(path) as kept:
        kept.append(shift_line(load_world("blade_cell"), 3))
        kept.append(Journalled(1.0, "task_started", "blade_1/load", {}))
    assert call("replay", path, "--world", "blade_cell").exit_code == 0
    refused = call("replay", path, "--world", "hard_day")
    assert refused.exit_code == 2
    assert "the world is 'hard_day', the journal's 'blade_cell'" in str(refused.stderr)


def test_what_cannot_be_done_ends_with_code_2(tmp_path) -> None:
    assert call("verify", tmp_path / "none.mcap").exit_code == 2
    (tmp_path / "text").write_text("no journal at all")
    assert call("verify", tmp_path / "text").exit_code == 1
    assert call("replay", tmp_path / "text").exit_code == 2


def test_a_journal_without_an_entry_is_not_whole(tmp_path) -> None:
    """Neither one of no bytes nor one whose process was killed at once."""
    empty, begun = tmp_path / "empty.mcap", tmp_path / "begun.mcap"
    empty.touch()
    Journal(begun).close()
    for path in (empty, begun):
        result = call("verify", path)
        assert result.exit_code == 1
        assert "holds no entry" in result.stderr


def test_the_hash_before_the_first_entry_is_in_every_journal(journal) -> None:
    assert call("verify", journal, "--head", GENESIS).exit_code == 0


@pytest.mark.parametrize(
    "line",
    [
        Journalled(10**400, "plan", "", {}),
        Journalled(1.0, "plan", "", [1]),  # type: ignore[arg-type]
        Journalled(1.0, 5, "", {}),  # type: ignore[arg-type]
    ],
    ids=["stamp", "detail", "kind"],
)
def test_entries_of_other_types_are_told_though_their_hash_is_right(
    journal, monkeypatch, line
) -> None:
    from twincell.production import journal as module

    whole, number = journal.read_bytes(), 5
    head = module.check(journal).head
    body = {"stamp": line.stamp, "kind": line.kind, "subject": "", "detail": line.detail}
    content = module._canonical(body)
    text = module._canonical({**body, "hash": module._chain(head, content)})
    message = module.Message(1, 0, text.encode(), 0, number)
    entries = whole[: whole.index(module._epilogue(0)[:1], len(whole) - 60)]
    journal.write_bytes(entries + module._bytes(message))
    result = call("verify", journal)
    assert result.exit_code == 1
    assert "entry 5" in result.stderr
    assert call("replay", journal).exit_code == 2


def test_another_mcap_is_no_journal(tmp_path) -> None:
    from mcap.writer import Writer

    with (tmp_path / "bag.mcap").open("wb") as file:
        writer = Writer(file)
        writer.start()
        writer.finish()
    assert ": not a journal" in call("verify", tmp_path / "bag.mcap").stderr
