"""Finish a project that Cookiecutter made: the same bytes as Copier's, and its suite has passed."""

import json
import sys
from pathlib import Path

COOKIECUTTER = json.loads(r"""{{ cookiecutter | tojson }}""")
REPOSITORY = Path(COOKIECUTTER["_repo_dir"])


def main() -> int:
    Path(__file__).unlink(missing_ok=True)  # Cookiecutter renders it to a file, and leaves that
    sys.path.insert(0, str(REPOSITORY))
    from hooks import answers, verify

    project = Path.cwd()
    source = answers.write(project, COOKIECUTTER, COOKIECUTTER["_answers_header"])
    if note := answers.path_note(source):
        print(note, flush=True)
    return verify.run(project, Path(COOKIECUTTER["_started_in"]), REPOSITORY.parent)


if __name__ == "__main__":
    sys.exit(main())
