# SPDX-License-Identifier: Apache-2.0
"""TensorFlow's init_from_checkpoint against our mount, on random checkpoints, graphs and maps.

A case is a JSON document (see generate.py), so that one which fails can be kept, read and replayed:

    {"checkpoint": {"tensors": {NAME: {"dtype", "shape", "hex", "slices"?}}, "shards": 1, "form": "prefix"},
     "graph": [{"name", "dtype", "shape", "partition", "kind"}],
     "rules": [{"src", "dst", "partition"?}],
     "mistakes": [WHAT WAS DONE WRONG ON PURPOSE]}
"""
