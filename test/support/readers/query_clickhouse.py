"""Makes tables in an embedded ClickHouse, loads Avro files into them, and asks.

query_clickhouse.py FOLDER TABLES.sql TABLE=FILE.avro ... -- QUERY ...
prints the rows of each query as one JSON line.
"""

import json
import re
import sys

from chdb import session


def main():
    folder, tables, *rest = sys.argv[1:]
    split = rest.index("--")
    clickhouse = session.Session(folder)
    with open(tables, encoding="utf-8") as file:
        for statement in re.split(r";[ ]*$", file.read(), flags=re.M):
            if re.search(r"^\s*[^-\s]", statement, flags=re.M):
                clickhouse.query(statement)
    for load in rest[:split]:
        table, path = load.split("=", 1)
        clickhouse.query(f"INSERT INTO {table} FROM INFILE '{path}' FORMAT Avro")
    for query in rest[split + 1 :]:
        lines = clickhouse.query(query, "JSONEachRow").bytes().decode().splitlines()
        print(json.dumps([json.loads(line) for line in lines]))


main()
