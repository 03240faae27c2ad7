"""Reads an Avro object container file with fastavro, which shares no code with the connector; prints JSON lines."""

import json
import sys

import fastavro


def plain(value):
    return value.hex() if isinstance(value, (bytes, bytearray)) else value.isoformat()


def main():
    with open(sys.argv[1], "rb") as file:
        reader = fastavro.reader(file)
        print(json.dumps({"codec": reader.codec, "schema": reader.writer_schema}))
        for record in reader:
            sys.stdout.write(json.dumps(record, default=plain) + "\n")


if __name__ == "__main__":
    main()
