"""Fetches workbooks and opens them with openpyxl, which has no part in writing them, and tells what is in them."""

import io
import json
import sys
import urllib.request

import openpyxl


def fetched(path):
    request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}{path}", headers={"Cookie": f"jagaloket_session={sys.argv[2]}"})
    with urllib.request.urlopen(request) as answer:
        return openpyxl.load_workbook(io.BytesIO(answer.read())).active


told = {}
sheet = fetched("/incidents/export?as=xlsx&lang=en")
rows = list(sheet.iter_rows())
told["incidents"] = {
    "rows": len(rows),
    "frozen": sheet.freeze_panes,
    # Number, office, date, since.
    "kinds": [type(cell.value).__name__ for cell in rows[1][:4]],
    "open": str(rows[1][3].value),
}
sheet = fetched("/compliance/export?as=xlsx&lang=en&from=2026-10-28&to=2026-11-24")
row = list(sheet.iter_rows())[1]
told["service"] = {
    # Office, date, minutes, and the share's format.
    "kinds": [type(row[0].value).__name__, type(row[1].value).__name__, type(row[2].value).__name__, row[7].number_format],
}
print(json.dumps(told))
