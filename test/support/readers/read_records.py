"""Reads a topic as a stranger would: librdkafka, fastavro and the documentation, nothing of the connector's code.

Reads committed records from the beginning to the end, decodes every value and checks what a reader is promised.
Prints one JSON object, or with --jsonl every record as a line. Extra librdkafka settings (TLS, SASL) come as a JSON
object in READER_KAFKA_CONFIG, so that no password is on a command line.
"""

import argparse
import json
import os
import sys
import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from avro_values import ValueDecoder
from record_checks import KeyCheck, check_record, murmur2_partition

MAX_PROBLEMS = 20


def read_committed(brokers, topic):
    """Yields (number of partitions, message) in the order of each partition; ends where the topic ended."""
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": f"reader-{uuid.uuid4()}",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            **json.loads(os.environ.get("READER_KAFKA_CONFIG", "{}")),
        }
    )
    try:
        found = consumer.list_topics(topic, timeout=30).topics[topic]
        if found.error is not None:
            raise KafkaException(found.error)
        partitions = sorted(found.partitions)
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        unread = set(partitions)
        while unread:
            message = consumer.poll(30)
            if message is None:
                raise TimeoutError(f"{topic}: 30 s without an answer, partitions {sorted(unread)} not read to their end")
            error = message.error()
            if error is None:
                yield len(partitions), message
            elif error.code() == KafkaError._PARTITION_EOF:
                unread.discard(message.partition())
            else:
                raise KafkaException(error)
    finally:
        consumer.close()


def summarize(messages, decoder):
    records = 0
    undecoded = 0
    ids = set()
    keys = {}
    schemas = {}
    problems = []
    problem_count = 0
    timestamps = []
    for partitions, message in messages:
        records += 1
        key = message.key().decode("utf-8") if message.key() is not None else None
        found = []
        if key is None or message.partition() != murmur2_partition(message.key(), partitions):
            found.append(f"partition {message.partition()} is not the key's")
        try:
            name, value = decoder.decode(message.value())
        except Exception as error:  # whatever the value is: told, and the rest is read
            undecoded += 1
            found.append(f"not decoded: {error}")
        else:
            schemas[name] = schemas.get(name, 0) + 1
            if name == "co.huggingface.audit.AuditRecord":
                ids.add((key, value["eventID"]))
                found += check_record(key, value, dict(message.headers() or []), message.timestamp()[1])
                found += keys.setdefault(key, KeyCheck()).add(value, dict(message.headers() or []))
        timestamp = message.timestamp()[1]
        timestamps = [min(timestamps[0], timestamp), max(timestamps[1], timestamp)] if timestamps else [timestamp] * 2
        problem_count += len(found)
        for problem in found[: MAX_PROBLEMS - len(problems)]:
            problems.append(f"{message.topic()}[{message.partition()}]@{message.offset()}: {problem}")
    return {
        "records": records,
        "undecoded": undecoded,
        "distinctIds": len(ids),
        "schemas": schemas,
        "keys": {key: check.summary() for key, check in keys.items()},
        "timestamps": {"oldest": timestamps[0], "newest": timestamps[1]} if timestamps else None,
        "problems": problems,
        "problemCount": problem_count,
    }


def dump(messages, decoder):
    def plain(value):
        return value.hex() if isinstance(value, (bytes, bytearray)) else str(value)

    for _, message in messages:
        line = {
            "partition": message.partition(),
            "offset": message.offset(),
            "timestamp": message.timestamp()[1],
            "key": message.key().decode("utf-8") if message.key() is not None else None,
            "headers": {name: value.decode("utf-8") for name, value in message.headers() or []},
        }
        if message.value() is not None:
            line["schema"], line["value"] = decoder.decode(message.value())
        sys.stdout.write(json.dumps(line, default=plain) + "\n")


def main():
    parser = argparse.ArgumentParser(description="Read a topic of the connector and check it.")
    parser.add_argument("brokers")
    parser.add_argument("topic")
    parser.add_argument("registry", help="URL of the schema registry's API, or none")
    parser.add_argument("--jsonl", action="store_true", help="print the records, a line each, instead of the summary")
    options = parser.parse_args()
    decoder = ValueDecoder(None if options.registry == "none" else options.registry)
    messages = read_committed(options.brokers, options.topic)
    if options.jsonl:
        dump(messages, decoder)
    else:
        print(json.dumps(summarize(messages, decoder)))


if __name__ == "__main__":
    main()
