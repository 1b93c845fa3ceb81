#!/usr/bin/env python3
"""Check that every link and picture in the repository's Markdown leads to a file (`make docs`)."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def broken(page: Path) -> list[str]:
    """The links of `page` to files that do not exist, each with its line."""
    found = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        for target in LINK.findall(line):
            path = target.split("#", 1)[0]
            if path and "://" not in path and not (page.parent / path).exists():
                found.append(f"{page.relative_to(ROOT)}:{number}: no file {path}")
    return found


def main() -> int:
    """Check the pages at the root and in docs/."""
    pages = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
    faults = [fault for page in pages for fault in broken(page)]
    print("\n".join(faults) if faults else f"docs: {len(pages)} pages, every link leads to a file")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
