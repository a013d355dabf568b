# SPDX-License-Identifier: Apache-2.0
"""Writes a .meta file of mostly constants: big_graph.py OUT BYTES CONSTANT_BYTES VARIABLES.

A MetaGraphDef (tensorflow/core/protobuf/meta_graph.proto) whose graph has Const nodes of that size and VarHandleOp nodes, and
whose collection `variables` names the latter. Field numbers are TensorFlow's.
"""

import os
import sys


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def attribute(name, value):
    return field(5, field(1, name) + field(2, value))


def main():
    out, size, constant, variables = sys.argv[1], *map(int, sys.argv[2:])
    floats = b"\x08\x01"  # DT_FLOAT as dtype of a TensorProto
    tensor = attribute(b"value", field(8, floats + field(4, os.urandom(constant))))
    names = [b"model/layer_%06d/kernel" % i for i in range(variables)]
    shape = attribute(b"shape", field(7, field(2, b"\x08\x10") + field(2, b"\x08\x04")))
    nodes = [field(1, field(1, n) + field(2, b"VarHandleOp") + attribute(b"dtype", b"\x30\x01") + shape) for n in names]
    constants = size // len(field(1, tensor))
    with open(out + ".nodes", "wb") as body:
        for i in range(constants):
            body.write(field(1, field(1, b"c%d" % i) + field(2, b"Const") + attribute(b"dtype", b"\x30\x01") + tensor))
        body.writelines(nodes)
    defs = b"".join(field(1, field(1, n + b":0") + field(2, n + b"/Assign") + b"\x28\x01") for n in names)
    with open(out, "wb") as meta, open(out + ".nodes", "rb") as body:
        meta.write(varint(2 << 3 | 2) + varint(os.path.getsize(body.name)))
        while chunk := body.read(1 << 20):
            meta.write(chunk)
        meta.write(field(4, field(1, b"variables") + field(2, field(2, defs))))
    os.unlink(out + ".nodes")


if __name__ == "__main__":
    main()
