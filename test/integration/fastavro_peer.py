"""The other side of fastavro.test.ts: reads and writes our files with an implementation of Avro that shares nothing with ours."""

import datetime
import io
import json
import sys
import uuid

import fastavro
from fastavro.schema import fingerprint, load_schema, to_parsing_canonical_form

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def plain(value):
    """Ids and bytes as hexadecimal digits, times as microseconds."""
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) // datetime.timedelta(microseconds=1)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def read(path):
    with open(path, "rb") as file:
        reader = fastavro.reader(file)
        return {"codec": reader.codec, "metadata": reader.metadata, "records": [plain(record) for record in reader]}


def read_bare(path, schema_path):
    with open(path, "rb") as file:
        body = io.BytesIO(file.read())
    record = fastavro.schemaless_reader(body, load_schema(schema_path), None)
    return {"record": plain(record), "rest": len(body.read())}


def read_confluent(path, schemas_path):
    """Records in Confluent's framing behind their lengths, by the schemas of a registry; only what tells them apart is returned."""
    with open(schemas_path, encoding="utf8") as file:
        schemas = {int(number): fastavro.parse_schema(schema) for number, schema in json.load(file).items()}
    records = []
    with open(path, "rb") as file:
        while length := file.read(4):
            body = io.BytesIO(file.read(int.from_bytes(length, "big")))
            if body.read(1) != b"\0":
                raise ValueError("not in Confluent's framing")
            record = fastavro.schemaless_reader(body, schemas[int.from_bytes(body.read(4), "big")], None)
            if body.read():
                raise ValueError("bytes behind the record")
            records.append([record["kind"], record["sequence"], record["process"]["args"]])
    return records


def identify(schema_path):
    with open(schema_path, encoding="utf8") as file:
        canonical = to_parsing_canonical_form(json.load(file))
    return {"canonical": canonical, "fingerprint": fingerprint(canonical, "CRC-64-AVRO")}


def rewrite(source, target, codec):
    """Records read from one file, written to another by fastavro alone, in blocks of its own size."""
    with open(source, "rb") as file:
        reader = fastavro.reader(file)
        schema, records = reader.writer_schema, list(reader)
    with open(target, "wb") as file:
        fastavro.writer(file, schema, records, codec=codec, sync_interval=1000)
    return {"records": len(records)}


COMMANDS = {"read": read, "read_bare": read_bare, "read_confluent": read_confluent, "identify": identify, "rewrite": rewrite}

if __name__ == "__main__":
    json.dump(COMMANDS[sys.argv[1]](*sys.argv[2:]), sys.stdout)
