"""`pytest-greenfield serve --env-file` writes the address where the application reads it."""

from pathlib import Path

from pytest_greenfield.development import write_variables


def test_the_address_is_written_into_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    write_variables(path, ["DATABASE_URL=postgresql://one"])
    assert path.read_text("utf-8") == "DATABASE_URL=postgresql://one\n"
    assert path.stat().st_mode & 0o077 == 0


def test_other_lines_stay_and_another_address_becomes_a_comment(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("LOG_LEVEL=DEBUG\nDATABASE_URL=postgresql://mine", "utf-8")
    for _ in range(2):
        write_variables(path, ["DATABASE_URL=postgresql://one"])
        assert path.read_text("utf-8").splitlines() == [
            "LOG_LEVEL=DEBUG",
            "#DATABASE_URL=postgresql://mine",
            "DATABASE_URL=postgresql://one",
        ]
