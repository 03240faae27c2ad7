"""Decodes framed Avro values with fastavro: Confluent's wire format and Avro's single-object encoding."""

import io
import json
import pathlib
import struct

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

SCHEMAS = pathlib.Path(__file__).resolve().parents[3] / "schemas"


class ValueDecoder:
    def __init__(self, registry_url):
        self._registry = None
        if registry_url is not None:
            from confluent_kafka.schema_registry import SchemaRegistryClient

            self._registry = SchemaRegistryClient({"url": registry_url})
        self._by_id = {}
        self._by_fingerprint = {}
        for file in sorted(SCHEMAS.glob("**/*.avsc")):
            schema = json.loads(file.read_text("utf-8"))
            self._by_fingerprint[crc_64_avro(schema)] = without_logical_types(schema)

    def decode(self, framed):
        """(full name of the schema, value); times stay numbers, fixed and bytes stay bytes."""
        if framed[:2] == b"\xc3\x01":
            known = self._by_fingerprint.get(framed[2:10])
            if known is None:
                raise ValueError(f"no schema of fingerprint {framed[2:10].hex()} (little-endian)")
            return self._body(known, framed[10:])
        if framed[:1] == b"\x00" and self._registry is not None:
            return self._body(self._registered(struct.unpack(">I", framed[1:5])[0]), framed[5:])
        raise ValueError(f"framed as neither kind, or without a registry: {framed[:10].hex()}")

    def _registered(self, schema_id):
        if schema_id not in self._by_id:
            text = self._registry.get_schema(schema_id).schema_str
            self._by_id[schema_id] = without_logical_types(json.loads(text))
        return self._by_id[schema_id]

    @staticmethod
    def _body(schema, body):
        stream = io.BytesIO(body)
        value = fastavro.schemaless_reader(stream, schema, None)
        if stream.read(1):
            raise ValueError("bytes are left after the value")
        return schema["name"], value


def crc_64_avro(schema):
    """As it stands on the wire: 8 bytes, little-endian."""
    return bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def without_logical_types(schema):
    """Python's own times end at the year 9999 and cost time to make: the plain numbers do."""

    def strip(node):
        if isinstance(node, dict):
            return {name: strip(inner) for name, inner in node.items() if name != "logicalType"}
        if isinstance(node, list):
            return [strip(inner) for inner in node]
        return node

    return fastavro.parse_schema(strip(schema))
