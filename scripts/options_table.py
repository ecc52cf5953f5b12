"""Write README.md's table of options from copier.yml, between its two markers."""

from scripts.questions import ROOT, Question, load

README = ROOT / "README.md"
BEGIN, END = "<!-- options: written by scripts/options_table.py -->\n", "<!-- end of options -->"


def cells(question: Question) -> list[str]:
    answers = [f"`{choice}`" for choice in question.choices]
    if question.type == "bool":
        answers = ["`yes`", "`no`"]
    derived = isinstance(question.default, str) and "{" in question.default
    default = {True: "yes", False: "no"}.get(question.default, question.default)
    shown = "from the project's name" if derived else f"`{default}`"
    return [f"`{question.name}`", question.help, ", ".join(answers) or "text", shown]


def table() -> str:
    rows = [["option", "question", "answers", "default"], ["---"] * 4]
    rows += [cells(question) for question in load()[1] if question.when]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def text() -> str:
    """README.md with the table that copier.yml makes now."""
    before, rest = README.read_text(encoding="utf-8").split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


if __name__ == "__main__":
    README.write_text(text(), encoding="utf-8", newline="\n")
