"""`python -m scripts.reference` says which pages are not up to date; with `--write` it brings them up to date."""

import sys

from scripts.reference.pages import PAGES, renewed

stale = [page for page in PAGES if page.read_text("utf-8") != renewed(page)]
for page in stale:
    if "--write" in sys.argv:
        page.write_text(renewed(page), "utf-8")
    print(f"{'written' if '--write' in sys.argv else 'not up to date'}: {page.name}")
sys.exit(1 if stale and "--write" not in sys.argv else 0)
