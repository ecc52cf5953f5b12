"""The command for dead letters."""

import pytest

from backend.features.task_queue.dead_letters import list_dead, read_arguments, retry
from backend.features.task_queue.models.job import JobStatus
from backend.tests.fakes.features.task_queue.jobs import FakeJobUnitOfWork


@pytest.mark.parametrize("words", [["retry"], ["retry", "--all", "0" * 32], ["retry", "x"], []])
def test_retry_needs_ids_or_all(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_arguments(words)
    assert "usage" in capsys.readouterr().err


async def test_dead_letters_are_listed_and_retried() -> None:
    uow = FakeJobUnitOfWork()
    async with uow() as opened:
        first, second, done = [await opened.jobs.add(name, {}) for name in ("a", "b", "c")]
        for job_id, status in ((first, "DEAD"), (second, "DEAD"), (done, "DONE")):
            await opened.jobs.finish(uow.jobs.rows[job_id], JobStatus[status], "ValueError: x")
        await opened.commit()
    lines = await list_dead(uow)
    assert [line.split()[0] for line in lines] == [str(first), str(second)]
    assert lines[0].endswith("ValueError: x")
    assert await retry(uow, [first, done]) == ["1 of 2 retried"]
    assert await retry(uow, None) == ["1 retried"]
    assert await list_dead(uow) == []
