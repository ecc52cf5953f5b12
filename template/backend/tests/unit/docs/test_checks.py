"""A document that is wrong fails, in each way in which it can be wrong."""

from textwrap import dedent

import pytest

from backend.tests.documents.checks import problems
from backend.tests.documents.facts import Facts
from backend.tests.documents.markdown import Document

WRONG = {
    "`backend/tests/nothing.py`": "there is no backend/tests/nothing.py",
    "`nothing.toml`": "there is no nothing.toml",
    "`backend/tests/unit/*.rs`": "there is no backend/tests/unit/*.rs",
    "`backend/nothing/<name>.py`": "there is no backend/nothing/<name>.py",
    "`uv run pytest backend/tests/nothing`": "there is no backend/tests/nothing",
    "`uv run pytest --nothing`": "pytest has no option --nothing",
    "`uv run pytest -n lots`": "pytest refuses -n lots",
    "`uv run pytest -m 'not nothing'`": "there is no marker nothing",
    "`uv run pytest backend/tests/unit/test_main.py::test_no`": "there is no test backend",
    "`uv run nothing`": "no such program is installed",
    "`uv rin pytest`": "uv has no command rin",
    "`uv run python -m backend.nothing`": "there is no module backend.nothing",
    "`uv run python -m backend.tests.database dance`": "does not know dance",
    "`uv run alembic upgrde head`": "alembic has no command upgrde",
    "`uv run alembic upgrade --nothing head`": "alembic has no option --nothing",
    "`uv run uvicorn --factory backend.main:nothing`": "there is no backend.main:nothing",
    "`docker compose -f nothing.yaml up`": "there is no nothing.yaml",
    "`NOT_A_VARIABLE=1 uv run pytest`": "nothing reads the variable NOT_A_VARIABLE",
    "`NOT_A_VARIABLE`": "nothing reads the variable NOT_A_VARIABLE",
    "`backend.core.nothing`": "there is no backend.core.nothing",
    "`@pytest.mark.nothing`": "there is no marker nothing",
    "[here](nothing.md)": "the link nothing.md leads nowhere",
    "# One\n[here](#two)": "the link #two names no heading",
    "```sh\nuv run pytest -n auto\nmake test\n```": "nobody knows the program make",
    "```sh\nuv run pytest -x | uv run nothing\n```": "no such program is installed",
    "```tree\nbackend/\n  core/\n    nothing.py  a comment\n```": "no backend/core/nothing.py",
    "| fixture | |\n|---|---|\n| `db_session`, `nothing` | |": "there is no fixture nothing",
    "| marker | |\n|---|---|\n| `nothing(group)` | |": "there is no marker nothing",
    "| helper | |\n|---|---|\n| `nothing` | |": "there is no helper nothing",
    "```python\nimport os\n```": "the first line is no comment with the path",
    "```python\n# backend/tests/unit/test_it.py\ndef\n```": "this is no Python",
    "```python\n# backend/tests/unit/test_it.py\nimport nothing\n```": "no module nothing",
    "```python\n# backend/tests/unit/test_it.py\nfrom backend.main import no\n```": "has no no",
    "```python\n# backend/tests/unit/test_it.py\ndef test_it(nothing): ...\n```": "fixture nothing",
}
RIGHT = """
    # Right `no/where.md` [a](b.md)

    It's \\`no/where.md\\` \\[a](b.md).
    `backend/main.py`, `main.py`, `backend/*.py`, `backend/models/<name>.py`,
    `/health/live`, `a/b c`, `.env`, `CI`, `backend.core.settings`,
    `backend.core.settings.Settings`, `DATABASE_URL=…`,
    `TEST_SERVICES=docker uv run pytest -n8 --dist=worksteal -m "slow and not serial"`,
    `@pytest.mark.serial("mail")`, [itself](#more), [a file](core/settings.py), [web](https://a.b)

    ## More

    | fixture | |
    |---|---|
    | `client`, `unique_id(prefix)` | |

    ```sh
    export TEST_SERVICES=docker
    uv run pytest backend/tests/unit/test_main.py::TestCreateApp -n0 > out.txt  # one class
    uv run alembic -x url=x revision --autogenerate -m "a change"
    ```

    ```tree
    core/                what others need
      settings.py errors.py
    main.py
    ```

    ```python
    # backend/tests/unit/test_it.py
    import pytest
    from backend.main import create_app

    @pytest.fixture
    def own() -> int: ...

    @pytest.mark.parametrize("number", [1])
    async def test_it(number: int, own: int, tmp_path: object) -> None: ...
    ```
"""


@pytest.fixture(scope="module")
def facts(request: pytest.FixtureRequest) -> Facts:
    return Facts.of(request.session)


@pytest.mark.parametrize("text", WRONG)
def test_what_is_not_so_is_found(text: str, facts: Facts) -> None:
    found = problems(Document(facts.root / "backend/GUIDE.md", text), facts)
    assert len(found) == 1
    assert found[0].startswith("backend/GUIDE.md:")
    assert WRONG[text] in found[0]


def test_what_is_so_is_not(facts: Facts) -> None:
    assert problems(Document(facts.root / "backend/GUIDE.md", dedent(RIGHT)), facts) == []


def test_the_line_is_named(facts: Facts) -> None:
    found = problems(Document(facts.root / "GUIDE.md", "one\n\ntwo `nothing.md`\n"), facts)
    assert found == ["GUIDE.md:3: there is no nothing.md"]
