"""Validates JSON lines {"schema": NAME, "of": WHAT, "instance": …} against docs/schemas/NAME.json with an independent
validator; prints a JSON line each: null where it fits, else what is wrong."""

import json
import pathlib
import sys

import jsonschema

validators = {}
for path in pathlib.Path(sys.argv[1]).glob("*.json"):
    schema = json.loads(path.read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    validators[path.stem] = jsonschema.Draft7Validator(schema)
for line in sys.stdin:
    case = json.loads(line)
    errors = validators[case["schema"]].iter_errors(case["instance"])
    error = next(iter(errors), None)
    print(json.dumps(error and f"{'/'.join(map(str, error.absolute_path))}: {error.message}"[:200]))
