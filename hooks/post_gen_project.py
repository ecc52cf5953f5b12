"""Finish a project that Cookiecutter made: the same bytes as Copier's, and its suite has passed."""

import json
import sys
from pathlib import Path

COOKIECUTTER = json.loads(r"""{{ cookiecutter | tojson }}""")
REPOSITORY = Path(COOKIECUTTER["_repo_dir"])


def main() -> int:
    sys.path.insert(0, str(REPOSITORY))
    from hooks import answers, paths, pre_prompt, verify

    project = Path.cwd()
    paths.prune(project, REPOSITORY / pre_prompt.TREE, COOKIECUTTER["__exclude"])
    answers.write(project, COOKIECUTTER, COOKIECUTTER["_answers_header"])
    return verify.run(project, Path(COOKIECUTTER["_started_in"]))


if __name__ == "__main__":
    sys.exit(main())
