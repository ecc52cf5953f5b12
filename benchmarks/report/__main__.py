"""Write the files."""

from benchmarks.report import files
from tooling import ROOT

if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
