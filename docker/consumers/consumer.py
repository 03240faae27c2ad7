"""Reads the audit log from Kafka with the schema registry: one JSON line an event.

    pip install -r requirements.txt
    KAFKA_BROKERS=127.0.0.1:9092 SCHEMA_REGISTRY_URL=http://127.0.0.1:8081/apis/ccompat/v7 python consumer.py

Ends after LIMIT records where that is set. TLS and SASL: add librdkafka's settings to the consumer's.
"""

import json
import os
import signal

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

topic = os.environ.get("KAFKA_TOPIC", "huggingface.audit-log")
limit = int(os.environ.get("LIMIT", "0"))
decode = AvroDeserializer(SchemaRegistryClient({"url": os.environ["SCHEMA_REGISTRY_URL"]}))
consumer = Consumer(
    {
        "bootstrap.servers": os.environ["KAFKA_BROKERS"],
        "group.id": os.environ.get("KAFKA_GROUP", "audit-log-example"),
        "auto.offset.reset": "earliest",
        # librdkafka's default, said here because it matters: records of aborted transactions are not seen.
        "isolation.level": "read_committed",
        # The place is stored when a record was dealt with, not when it was fetched.
        "enable.auto.offset.store": False,
    }
)


def handle(record: dict) -> None:
    """Whatever you do with an event. Twice the same `id` is possible after a crash of this consumer: make it harmless."""
    line = {
        "id": record["id"],
        "organization": record["organization"],
        "sequence": record["sequence"],
        "time": record["eventTime"].isoformat(),
        "type": record["eventType"],
        "author": record["authorUser"],
        "severity": record["severity"],
    }
    print(json.dumps(line), flush=True)


stopping = []
signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
signal.signal(signal.SIGINT, lambda *_: stopping.append(True))
consumer.subscribe([topic])
handled = 0
try:
    while not stopping and (limit == 0 or handled < limit):
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        handle(decode(message.value(), SerializationContext(topic, MessageField.VALUE)))
        consumer.store_offsets(message)
        handled += 1
finally:
    consumer.close()
