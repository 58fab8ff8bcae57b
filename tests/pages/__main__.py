from tests.pages import PAGES, ROOT, written

for page in PAGES:
    (ROOT / page).write_text(written(page), encoding="utf-8")
