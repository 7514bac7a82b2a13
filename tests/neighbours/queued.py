"""Prints the events of a queue as one JSON list."""

import json
import sqlite3
import sys

rows = sqlite3.connect(sys.argv[1]).execute("SELECT data FROM queue ORDER BY id")
print(json.dumps([json.loads(data) for (data,) in rows]))
