"""The command for dead letters."""

import pytest

from backend.features.task_queue.dead_letters import read_arguments


@pytest.mark.parametrize("words", [["retry"], ["retry", "--all", "0" * 32], ["retry", "x"], []])
def test_retry_needs_ids_or_all(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_arguments(words)
    assert "usage" in capsys.readouterr().err
